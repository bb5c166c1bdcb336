import { nameError, quoteMessage } from './quote-error.ts'

/**
 * Requires a synchronous function. The promise of an async one is always truthy, and would admit every request.
 *
 * @param where - the option, for the error message
 * @throws TypeError whose message states the correction
 */
export function requireSynchronous(decide: (...args: never[]) => unknown, where: string): void {
  if (Object.prototype.toString.call(decide) === '[object AsyncFunction]') {
    throw new TypeError(`${where} must be synchronous; return true or false, not a promise`)
  }
}

/**
 * Calls an operator's function, which has to answer with a boolean.
 *
 * @returns its answer; `undefined` for anything but a boolean; text such as `threw TypeError: "x is undefined"` for an
 *   exception
 */
export function askOperator(call: () => unknown): boolean | string | undefined {
  try {
    const answer = call()
    if (typeof answer === 'boolean') return answer
    ignoreRejection(answer)
    return undefined
  } catch (error) {
    const message = quoteMessage(error)
    return `threw ${nameError(error)}${message === '' ? '' : `: ${message}`}`
  }
}

/** An unhandled rejection ends the process, so one request would be enough to stop the server. */
function ignoreRejection(answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null)?.then === 'function') Promise.resolve(answer).catch(() => {})
}
