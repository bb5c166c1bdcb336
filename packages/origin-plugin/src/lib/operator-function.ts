/**
 * Refuses a function that decides later, where the decision is taken at once.
 *
 * @param where - what the function is, for the error message
 * @throws TypeError that says what to write
 */
export function requireSynchronous(decide: (...args: never[]) => unknown, where: string): void {
  if (Object.prototype.toString.call(decide) === '[object AsyncFunction]') {
    throw new TypeError(`${where} decides without waiting: write a function that returns true or false`)
  }
}

/** A promise that nobody waits for ends the process when it rejects: one request would be enough. */
export function ignoreRejection(decided: unknown): void {
  if (typeof (decided as PromiseLike<unknown> | null)?.then === 'function') Promise.resolve(decided).catch(() => {})
}
