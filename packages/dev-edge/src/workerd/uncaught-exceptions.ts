import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds. workerd logs an exception before it answers, and the log takes another way to this process. */
const EARLIER = 100

/** Milliseconds that an answer waits for its exception. */
const PATIENCE = 1000

/** Milliseconds between two looks at the log. */
const PAUSE = 20

/**
 * The exceptions that workerd logged itself and that no answer states yet.
 *
 * workerd answers a bare 500 for them: for a class that throws in its constructor, a `fetch()` that would never end, or
 * a Response that was read before. Its log does not name the request, so the time of the answer decides.
 */
export class UncaughtExceptions {
  readonly #logged: { readonly sentence: string; readonly at: number }[] = []

  /** Records an exception. */
  add(sentence: string): void {
    this.#logged.push({ sentence, at: performance.now() })
    // The body of an answer can fail, and then nobody takes its exception.
    if (this.#logged.length > 100) this.#logged.shift()
  }

  /** Takes the latest exception of an answer that has just arrived. Waits for it; `undefined` if none comes. */
  async take(): Promise<string | undefined> {
    const arrival = performance.now()
    do {
      await delay(PAUSE)
      const latest = this.#logged.at(-1)
      if (latest !== undefined && latest.at >= arrival - EARLIER) return this.#logged.pop()?.sentence
    } while (performance.now() < arrival + PATIENCE)
    return undefined
  }
}
