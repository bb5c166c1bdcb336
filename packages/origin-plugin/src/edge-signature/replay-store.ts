import { refusal } from '../errors.ts'

/**
 * Where the nonces of signed requests are spent, shared by all processes of an origin.
 *
 * `@countersign/origin-plugin/redis` makes one for Redis or Valkey.
 */
export interface ReplayStore {
  /**
   * Spends a nonce: atomically, so that of any number of processes one gets `true`.
   *
   * @param nonce - 22 characters of base64url, of a signature that was verified
   * @param lifetime - milliseconds for which the nonce must be remembered
   * @returns `true` the first time, `false` after that
   * @throws when it cannot be said whether the nonce is fresh
   */
  spend(nonce: string, lifetime: number): Promise<boolean>
}

/** How to use a {@link ReplayStore}. */
export interface ReplayStoreUse {
  readonly store: ReplayStore
  /** Milliseconds after which the store counts as unavailable. */
  readonly timeout: number
  readonly onUnavailable: 'refuse' | 'accept'
  /** Told why the store was unavailable, when the request is accepted all the same. */
  readonly warn: (reason: string) => void
}

/**
 * Spends a nonce in a store, within bounded time.
 *
 * @param lifetime - milliseconds for which the nonce must be remembered
 * @throws CountersignError `CSN_SIGNATURE_REPLAYED`, or `CSN_REPLAY_STORE_UNAVAILABLE`
 */
export async function spendInStore(nonce: string, lifetime: number, use: ReplayStoreUse): Promise<void> {
  let fresh: boolean
  try {
    fresh = await withTimeout(use.store.spend(nonce, lifetime), use.timeout)
  } catch (error) {
    const reason = `the replay store failed: ${error instanceof Error ? error.message : 'unknown'}`
    if (use.onUnavailable === 'refuse') throw refusal('CSN_REPLAY_STORE_UNAVAILABLE', reason)
    use.warn(reason)
    return
  }
  if (fresh !== true) throw refusal('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
}

/** A client library queues commands while it reconnects, so its own promise may stay open for minutes. */
function withTimeout<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
