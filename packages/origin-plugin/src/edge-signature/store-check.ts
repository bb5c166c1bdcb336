import { randomBytes } from 'node:crypto'
import { withTimeout } from '../lib/with-timeout.ts'
import type { ReplayStore } from './replay-store.ts'
import { showAnswer, showAnswers } from './store-answer.ts'

/** The fault of a store that cannot be believed. */
export interface UnfitStore {
  readonly reason: string
  /** The requirement that the store does not meet. */
  readonly remedy: string
}

const FRESH_THEN_SPENT = 'spend() must return true for a fresh nonce, and false after that'
const IN_ORDER =
  'spendMany() must return an array with true for each fresh nonce and false for each spent one, in the order of the nonces'

/**
 * Spends random nonces to find out whether a store detects replays, with each of its methods.
 *
 * A store that reports every nonce as fresh looks like a store that works, for instance a Redis client that drops the
 * arguments of `SET`. Every captured request would be admitted again.
 *
 * @param lifetime - milliseconds for which the nonces are remembered
 * @param timeout - milliseconds for each answer
 * @returns the fault of the store, if it has one
 * @throws Error if the store is unavailable
 */
export async function findFault(
  store: ReplayStore,
  lifetime: number,
  timeout: number,
): Promise<UnfitStore | undefined> {
  const [spent, other, third] = [randomNonce(), randomNonce(), randomNonce()]
  const ask = () => withTimeout<unknown>(() => store.spend(spent, lifetime), timeout)
  const [first, second] = [await ask(), await ask()]
  if (first !== true || second !== false) {
    const answers = `${showAnswer(first)} and then ${showAnswer(second)}`
    const reason = `the replay store does not detect replays: it answered ${answers} for one nonce`
    return { reason, remedy: FRESH_THEN_SPENT }
  }
  if (!store.spendMany) return undefined
  // The methods must share their memory, and the answers must have the order of the nonces: each position gets both.
  return (
    (await findBatchFault(store, [spent, other], [false, true], lifetime, timeout)) ??
    (await findBatchFault(store, [third, other], [true, false], lifetime, timeout))
  )
}

async function findBatchFault(
  store: ReplayStore,
  nonces: readonly string[],
  expected: readonly boolean[],
  lifetime: number,
  timeout: number,
): Promise<UnfitStore | undefined> {
  const values = await withTimeout<unknown>(() => store.spendMany?.(nonces, lifetime) as PromiseLike<unknown>, timeout)
  if (Array.isArray(values) && values.length === nonces.length) {
    for (const value of values) if (value instanceof Error) throw value
    if (expected.every((answer, at) => values[at] === answer)) return undefined
    const reason = `the replay store does not detect replays in a batch: it answered ${listAnswers(values)} for ${listNonces(expected)}`
    return { reason, remedy: IN_ORDER }
  }
  const reason = `the replay store answered ${showAnswers(values)} for a batch of ${nonces.length} nonces`
  return { reason, remedy: IN_ORDER }
}

const randomNonce = () => randomBytes(16).toString('base64url')

const listAnswers = (values: readonly unknown[]) => Array.from(values, showAnswer).join(' and ')

const listNonces = (expected: readonly boolean[]) =>
  expected.map((isFresh) => (isFresh ? 'a fresh nonce' : 'a spent nonce')).join(' and ')
