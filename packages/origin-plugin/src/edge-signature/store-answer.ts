import { quoteMessage } from '../lib/quote-error.ts'

/** The answer of a replay store about one nonce: whether it is fresh, or the reason why that is not known. */
export type StoreAnswer = boolean | StoreFault

/** A store that gave no answer which can be believed. */
export interface StoreFault {
  /** The store answered, and not with `true` or `false`. Otherwise it is unavailable. */
  readonly isWrong: boolean
  readonly reason: string
}

/** Reads the answer about one nonce. */
export function readOneAnswer(value: unknown): StoreAnswer {
  if (typeof value === 'boolean') return value
  return { isWrong: true, reason: `the replay store answered ${showAnswer(value)}, not true or false` }
}

/**
 * Reads the answers about the nonces of one batch.
 *
 * @returns one answer for each nonce. Without as many answers as nonces, none can be attributed to a request
 */
export function readAnswers(values: unknown, count: number): readonly StoreAnswer[] {
  if (!Array.isArray(values) || values.length !== count) {
    const reason = `the replay store answered ${showAnswers(values)} for ${count} ${count === 1 ? 'nonce' : 'nonces'}`
    return new Array(count).fill({ isWrong: true, reason })
  }
  // Not map(), which skips the holes of an array: their requests would never get an answer.
  return Array.from(values, (value: unknown) => (value instanceof Error ? failureOf(value) : readOneAnswer(value)))
}

/** The fault of a store that failed. The message of the error can quote the password of the store's client. */
export function failureOf(error: unknown): StoreFault {
  return { isWrong: false, reason: `the replay store failed: ${quoteMessage(error) || 'unknown'}` }
}

/** A value in words, without the text of a string or an object. */
export function showAnswer(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  return `a value of type ${typeof value}`
}

/** The answer of `spendMany` in words. */
export function showAnswers(values: unknown): string {
  if (!Array.isArray(values)) return showAnswer(values)
  return `${values.length} ${values.length === 1 ? 'value' : 'values'}`
}
