import { refusalAt } from '../errors.ts'

const refuse = refusalAt('replay')

/**
 * Spends the nonces of signed requests, for all processes of an origin.
 *
 * `@countersign/origin-plugin/redis` makes one for Redis or Valkey.
 */
export interface ReplayStore {
  /**
   * Spends a nonce atomically: of any number of processes, one gets `true`.
   *
   * @param nonce - 22 characters of base64url, from a verified signature
   * @param lifetime - milliseconds for which the nonce must be remembered
   * @returns `true` the first time, `false` after that
   * @throws when the store cannot tell whether the nonce is fresh
   */
  spend(nonce: string, lifetime: number): Promise<boolean>
}

/** A {@link ReplayStore}, with the options that apply to it. */
export interface ReplayStoreUse {
  readonly store: ReplayStore
  /** Milliseconds after which the store counts as unavailable. */
  readonly timeout: number
  readonly onUnavailable: 'refuse' | 'accept'
  /** Gets the reason when the store was unavailable and the request is accepted all the same. */
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
    if (use.onUnavailable === 'refuse') throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', reason)
    use.warn(reason)
    return
  }
  if (fresh !== true) throw refuse('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
}

/** A client library queues commands while it reconnects, so its promise may stay pending for minutes. */
function withTimeout<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
