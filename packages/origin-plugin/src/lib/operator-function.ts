import { isThenable } from './and-then.ts'
import { describeError, quoteMessage } from './quote-error.ts'

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

/**
 * A function of the operator that returns keys, certificates or a revocation list. The signal aborts when the caller gives
 * the call up.
 */
export type SourceFunction = (signal: AbortSignal) => unknown

/** The calls of one function that may hang. More than one: after a connection that died, the next call works. */
export const MAX_HANGING_CALLS = 8

/** By function, not by option: each try with a new CA loads its list anew, and calls the same function. */
const limits = new WeakMap<SourceFunction, CallLimit>()

/**
 * Calls a function of the operator, unless {@link MAX_HANGING_CALLS} calls of it hang.
 *
 * @throws Error with the cause, in words for a log. The message of an exception can quote a secret, and a function can
 *   throw everything
 */
export function callSource(source: SourceFunction, signal: AbortSignal): Promise<unknown> {
  const limit = limits.get(source) ?? createCallLimit(MAX_HANGING_CALLS, HANGING)
  limits.set(source, limit)
  return limit(signal, async () => {
    try {
      return await source(signal)
    } catch (error) {
      throw new Error(`it threw ${quoteMessage(error) || 'a value without a message'}`)
    }
  })
}

const HANGING = `${MAX_HANGING_CALLS} earlier calls have not ended, although their signals aborted; pass the signal on, such as fetch(url, { signal })`

/** Makes a call, or throws. The signal is the one that aborts when the caller gives this call up. */
export type CallLimit = <Answer>(signal: AbortSignal, call: () => Promise<Answer>) => Promise<Answer>

/**
 * Refuses a call while earlier ones hang: their signals are aborted, and they have not ended. Each of them keeps a socket
 * or a thread, so with a server or a drive that never answers, each try would take one more.
 *
 * Calls in time do not count: one function can give the lists of many CAs at once.
 *
 * @param most - the calls that may hang
 * @param refusal - the message of the exception
 */
export function createCallLimit(most: number, refusal: string): CallLimit {
  const underway = new Set<{ readonly signal: AbortSignal }>()
  return async (signal, call) => {
    const hanging = [...underway].filter((earlier) => earlier.signal.aborted)
    if (hanging.length >= most) throw new Error(refusal)
    const own = { signal }
    underway.add(own)
    try {
      return await call()
    } finally {
      underway.delete(own)
    }
  }
}
