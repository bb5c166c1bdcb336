/**
 * Calls a function of the operator or of a library, and waits for its answer within bounded time.
 *
 * A client library queues commands while it reconnects, so its promise may stay pending for minutes. The promise may be
 * one of another library, with no more than `then`.
 *
 * @param call - gets a signal that aborts after the time
 * @param timeout - milliseconds
 * @returns a promise of the answer. A later answer, or a later failure, is ignored
 */
export function withTimeout<T>(call: (signal: AbortSignal) => T | PromiseLike<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const timer = setTimeout(() => {
      const late = new Error(`no answer within ${timeout} ms`)
      reject(late)
      controller.abort(late)
    }, timeout)
    // Not `Promise.resolve(call())`: a client that throws would leave its timer behind for each request.
    new Promise<T>((settle) => settle(call(controller.signal))).finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
