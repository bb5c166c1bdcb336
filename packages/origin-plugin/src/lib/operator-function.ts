import { isThenable } from './and-then.ts'
import { describeError } from './quote-error.ts'

/**
 * Requires a synchronous function. The promise of an async one is always truthy, and would admit every request.
 *
 * @param where - the option, for the error message
 * @param answer - the answer that it has to return, for the error message
 * @throws TypeError whose message states the correction
 */
export function requireSynchronous(
  decide: (...args: never[]) => unknown,
  where: string,
  answer = 'true or false',
): void {
  if (Object.prototype.toString.call(decide) === '[object AsyncFunction]') {
    throw new TypeError(`${where} must be synchronous; return ${answer}, not a promise`)
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
    return `threw ${describeError(error)}`
  }
}

/**
 * Takes the rejection of an answer that should not be a promise. Unhandled, it ends the process, so one request would be
 * enough to stop the server.
 *
 * @returns whether the answer is a promise
 */
export function ignoreRejection(answer: unknown): boolean {
  if (!isThenable(answer)) return false
  Promise.resolve(answer).catch(() => {})
  return true
}
