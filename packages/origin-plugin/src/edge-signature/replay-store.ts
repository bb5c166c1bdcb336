import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { refusalAt } from '../errors.ts'
import type { Report } from '../lib/background-task.ts'
import type { Watched } from '../lib/health.ts'
import { quoteMessage } from '../lib/quote-error.ts'
import { withTimeout } from '../lib/with-timeout.ts'

const refuse = refusalAt('replay')

/**
 * Spends the nonces of signed requests, for all processes of an origin.
 *
 * `@countersign/origin-plugin/redis` makes one for Redis or Valkey.
 *
 * At the start of the server, the plugin spends a random nonce twice. It does not start with a store that returns
 * anything but `true` and then `false`.
 */
export interface ReplayStore {
  /**
   * Spends a nonce atomically: of any number of processes, one gets `true`.
   *
   * @param nonce - 22 characters of base64url, from a verified signature or from the check at the start
   * @param lifetime - milliseconds for which the nonce must be remembered
   * @returns `true` the first time, `false` after that
   * @throws when the store cannot tell whether the nonce is fresh
   */
  spend(nonce: string, lifetime: number): PromiseLike<boolean>
}

/** A {@link ReplayStore}, with the options that apply to it. */
export interface ReplayStoreUse {
  readonly store: ReplayStore
  /** Milliseconds for which a nonce must be remembered. */
  readonly lifetime: number
  /** Milliseconds after which the store counts as unavailable. */
  readonly timeout: number
  readonly onUnavailable: 'refuse' | 'accept'
  /** Gets the reason when the store fails, for each request that is accepted all the same, and the end of the failure. */
  readonly report: Report
}

/** A replay store that is believed only after it was seen to detect a replay. */
export interface CheckedStore extends Watched {
  /** The store, and its settings. */
  readonly use: ReplayStoreUse
  /**
   * Checks the store at the start of the server. It waits some seconds for a client that is still connecting.
   *
   * @throws Error if the store does not detect a replay. Also if it is unavailable, unless `onUnavailable` is `accept`:
   *   then the first requests check it
   */
  start(): Promise<void>
  /**
   * Spends a nonce, within bounded time.
   *
   * @throws CountersignError `CSN_SIGNATURE_REPLAYED`, or `CSN_REPLAY_STORE_UNAVAILABLE`
   */
  spend(nonce: string): Promise<void>
}

/** The timing of the check at the start, in milliseconds. */
export interface StoreCheckTiming {
  /** The time for which an unavailable store is asked again. Fastify limits the whole hook to ten seconds. */
  readonly patience: number
  /** The time between two attempts. */
  readonly interval: number
}

export const STORE_CHECK_TIMING: StoreCheckTiming = { patience: 3_000, interval: 100 }

/**
 * Makes a checked store.
 *
 * A store that reports every nonce as fresh looks like a store that works, for instance a Redis client that drops the
 * arguments of `SET`. Every captured request would be admitted again. So no answer is believed before the check.
 */
export function createCheckedStore(
  use: ReplayStoreUse,
  { patience, interval }: StoreCheckTiming = STORE_CHECK_TIMING,
): CheckedStore {
  const { store, lifetime, timeout, onUnavailable, report } = use
  let isChecked = false
  let check: Promise<string | undefined> | undefined

  let failing: { readonly reason: string; readonly isAccepted: boolean } | undefined

  /** Takes note of a failure. A request that is accepted all the same is reported, and else the first one. */
  function fail(reason: string, isAccepted: boolean): void {
    if (isAccepted || failing === undefined) report(reason)
    failing = { reason, isAccepted }
  }

  function succeed(): void {
    if (failing !== undefined) report('the replay store answers again', 'recovered')
    failing = undefined
  }

  const ask = (nonce: string, limit: number) => withTimeout(() => store.spend(nonce, lifetime), limit)

  /** Returns the fault of the store, if it has one. */
  async function findFault(): Promise<string | undefined> {
    const nonce = randomBytes(16).toString('base64url')
    const limit = Math.min(timeout, patience)
    const first = await ask(nonce, limit)
    const second = await ask(nonce, limit)
    isChecked = first === true && second === false
    return isChecked
      ? undefined
      : `the replay store does not detect replays: it answered ${show(first)} and then ${show(second)} for one nonce`
  }

  /** Runs one check at a time, for all requests together. */
  function fault(): Promise<string | undefined> {
    check ??= findFault().finally(() => {
      check = undefined
    })
    return check
  }

  return {
    use,
    async start() {
      const end = performance.now() + patience
      let found: string | undefined
      let failure: string | undefined
      do {
        try {
          found = await fault()
          failure = undefined
        } catch (error) {
          failure = reasonOf(error)
          await sleep(interval)
        }
      } while (failure !== undefined && performance.now() < end)

      if (found !== undefined) {
        throw new TypeError(`edge.replay: ${found}; spend() must return true for a fresh nonce, and false after that`)
      }
      if (failure === undefined) return
      if (onUnavailable === 'accept') return fail(failure, true)
      throw new Error(
        `edge.replay: ${failure}; connect the store's client before the server starts, or write onStoreUnavailable: "accept" to start without replay protection`,
      )
    },
    async spend(nonce) {
      let found: string | undefined
      let answer: unknown
      try {
        if (!isChecked) found = await fault()
        if (found === undefined) answer = await ask(nonce, timeout)
      } catch (error) {
        const reason = reasonOf(error)
        fail(reason, onUnavailable === 'accept')
        if (onUnavailable === 'refuse') throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', reason)
        return
      }
      // A store that is wrong is not unavailable, so `accept` does not admit the request.
      if (found === undefined && typeof answer !== 'boolean') {
        found = `the replay store answered ${show(answer)}, not true or false`
      }
      if (found !== undefined) {
        fail(found, false)
        throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', found)
      }
      succeed()
      if (!answer) throw refuse('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    },
    health() {
      const name = 'the replay store'
      if (failing === undefined) return { state: 'ok', name }
      return { state: failing.isAccepted ? 'degraded' : 'failing', name, reason: failing.reason }
    },
  }
}

/** A message can quote the password of the store's client. */
function reasonOf(error: unknown): string {
  return `the replay store failed: ${quoteMessage(error) || 'unknown'}`
}

/** A value in words, without the text of a string or an object. */
function show(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  return `a value of type ${typeof value}`
}
