import { quoteValue } from './quote-value.ts'

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
    return `threw ${nameOf(error)}${quoteMessage(error)}`
  }
}

/** The name of an error. A program can set it to any value, a symbol for example, which has no text. */
function nameOf(error: unknown): string {
  const name: unknown = error instanceof Error ? error.name : undefined
  return typeof name === 'string' ? name : 'a value'
}

/** Letters of base64 and dots: a token, a key and a signature have more of them in a row. */
const MAX_WORD = 32
const LONG_WORD = new RegExp(`[A-Za-z0-9+/_=.-]{${MAX_WORD + 1},}`, 'g')

/**
 * The message of an error, for the operator's log. A message can quote its input, and the function reads the request
 * with its Access token. So the message is cut, without long words.
 */
function quoteMessage(error: unknown): string {
  const message: unknown = error instanceof Error ? error.message : undefined
  if (typeof message !== 'string' || message === '') return ''
  return `: ${quoteValue(message.replace(LONG_WORD, '(long text)'))}`
}

/** An unhandled rejection ends the process, so one request would be enough to stop the server. */
function ignoreRejection(answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null)?.then === 'function') Promise.resolve(answer).catch(() => {})
}
