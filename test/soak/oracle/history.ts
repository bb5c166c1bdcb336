/**
 * How long after it was sent something may still not be in force at the origin: the way there, its parsing, and a turn of
 * an event loop that shares two cores with others. Milliseconds.
 */
export const SETTLE = 3_000

/** What the origin was given, and when. */
export class History<T> {
  #entries: { readonly at: number; readonly value: T }[] = []

  add(value: T): void {
    const at = performance.now()
    // Nothing that was out of force a minute ago is asked for again; a night's run must not fill the memory.
    const old = this.#entries.findLastIndex((entry) => entry.at < at - 60_000)
    if (old > 0) this.#entries.splice(0, old)
    this.#entries.push({ at, value })
  }

  /** Everything that may have been in force at some moment between two. */
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
