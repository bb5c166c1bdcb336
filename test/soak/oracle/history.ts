/**
 * The longest time from a server's answer until the origin uses it, in milliseconds.
 *
 * It covers the transport, the parsing, and one turn of an event loop that shares two cores with other processes.
 */
export const SETTLE = 3_000

/** The values that the origin received, with their times. */
export class History<T> {
  #entries: { readonly at: number; readonly value: T }[] = []

  add(value: T): void {
    const at = performance.now()
    // No request takes a minute, so older values are not needed. Without the deletion, a long run would fill the memory.
    const old = this.#entries.findLastIndex((entry) => entry.at < at - 60_000)
    if (old > 0) this.#entries.splice(0, old)
    this.#entries.push({ at, value })
  }

  /** Every value that the origin may have used at some time between two. */
  between(from: number, to: number): T[] {
    const surely = this.#entries.findLastIndex(({ at }) => at <= from - SETTLE)
    return this.#entries
      .slice(Math.max(surely, 0))
      .filter(({ at }, position) => position === 0 || at <= to)
      .map(({ value }) => value)
  }

  get latest(): T | undefined {
    return this.#entries.at(-1)?.value
  }
}
