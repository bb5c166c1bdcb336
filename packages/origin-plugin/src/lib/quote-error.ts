import { quoteValue } from './quote-value.ts'

/**
 * Letters of base64: a secret of 128 bits has 22 of them in a row. A word of a message is rarely as long. With dots in
 * between, 33 letters are too many: a token has dots, and so has the name of a host.
 */
const LONG_WORD = /[A-Za-z0-9+/_=.-]{33,}|[A-Za-z0-9+/_=-]{22,}/g

/**
 * Quotes the message of an error that an operator's function or a library threw, for the operator's log.
 *
 * A message can quote its input: the Access token of the request, or the function's own API key in a header that
 * `fetch()` rejects. So the message is cut, without long words. A shorter secret stays.
 *
 * @param error - any value: a program can throw everything, and set a message to everything
 * @returns `""` without a message
 * @example
 * ```ts
 * quoteMessage(new RangeError('no "ops"')) // '"no \\"ops\\""'
 * ```
 */
export function quoteMessage(error: unknown): string {
  const message = textOf(error, 'message')
  return message === undefined || message === '' ? '' : quoteValue(message.replace(LONG_WORD, '(long text)'))
}

/**
 * Returns the name of an error and its quoted message: `TypeError: "x is undefined"`, or `TypeError` without a message.
 * Anything else is `a value`.
 */
export function describeError(error: unknown): string {
  const name = textOf(error, 'name') ?? 'a value'
  const message = quoteMessage(error)
  return message === '' ? name : `${name}: ${message}`
}

/** A property that is not a text, such as a symbol, or an object that contains itself, could not be written. */
function textOf(error: unknown, property: 'name' | 'message'): string | undefined {
  try {
    const value: unknown = error instanceof Error ? error[property] : undefined
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
