import { setTimeout as sleep } from 'node:timers/promises'
import { refusalAt } from '../errors.ts'
import type { Report } from '../lib/background-task.ts'
import type { Watched } from '../lib/health.ts'
import { withTimeout } from '../lib/with-timeout.ts'
import { type BatchingStore, createNonceBatches, type GetAnswer } from './nonce-batch.ts'
import type { ReplayStore } from './replay-store.ts'
import { failureOf, readOneAnswer, type StoreAnswer } from './store-answer.ts'
import { findFault, type UnfitStore } from './store-check.ts'

const refuse = refusalAt('replay')

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
 * No answer is believed before the check: see {@link findFault}.
 */
export function createCheckedStore(
  use: ReplayStoreUse,
  { patience, interval }: StoreCheckTiming = STORE_CHECK_TIMING,
): CheckedStore {
  const { store, lifetime, timeout, onUnavailable, report } = use
  let isChecked = false
  let check: Promise<UnfitStore | undefined> | undefined

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

  /** Runs one check at a time, for all requests together. */
  function fault(): Promise<UnfitStore | undefined> {
    check ??= findFault(store, lifetime, Math.min(timeout, patience))
      .then((found) => {
        isChecked = found === undefined
        return found
      })
      .finally(() => {
        check = undefined
      })
    return check
  }

  const ask = canBatch(store) ? createNonceBatches(store, lifetime, timeout) : askAlone

  function askAlone(nonce: string, getAnswer: GetAnswer): void {
    withTimeout(() => store.spend(nonce, lifetime), timeout).then(
      (value) => getAnswer(readOneAnswer(value)),
      (error: unknown) => getAnswer(failureOf(error)),
    )
  }

  function spendChecked(nonce: string): Promise<void> {
    return new Promise((resolve, reject) => {
      ask(nonce, (answer) => {
        try {
          judge(answer)
          resolve()
        } catch (refusal) {
          reject(refusal)
        }
      })
    })
  }

  function judge(answer: StoreAnswer): void {
    if (typeof answer === 'boolean') {
      succeed()
      if (!answer) throw refuse('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
      return
    }
    // A store that is wrong is not unavailable, so `accept` does not admit the request.
    const isAccepted = onUnavailable === 'accept' && !answer.isWrong
    fail(answer.reason, isAccepted)
    if (!isAccepted) throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', answer.reason)
  }

  async function checkAndSpend(nonce: string): Promise<void> {
    let found: UnfitStore | undefined
    try {
      found = await fault()
    } catch (error) {
      return judge(failureOf(error))
    }
    return found === undefined ? spendChecked(nonce) : judge({ isWrong: true, reason: found.reason })
  }

  return {
    use,
    async start() {
      const end = performance.now() + patience
      let found: UnfitStore | undefined
      let failure: string | undefined
      do {
        try {
          found = await fault()
          failure = undefined
        } catch (error) {
          failure = failureOf(error).reason
          await sleep(interval)
        }
      } while (failure !== undefined && performance.now() < end)

      if (found !== undefined) throw new TypeError(`edge.replay: ${found.reason}; ${found.remedy}`)
      if (failure === undefined) return
      if (onUnavailable === 'accept') return fail(failure, true)
      throw new Error(
        `edge.replay: ${failure}; connect the store's client before the server starts, or write onStoreUnavailable: "accept" to start without replay protection`,
      )
    },
    spend: (nonce) => (isChecked ? spendChecked(nonce) : checkAndSpend(nonce)),
    health() {
      const name = 'the replay store'
      if (failing === undefined) return { state: 'ok', name }
      return { state: failing.isAccepted ? 'degraded' : 'failing', name, reason: failing.reason }
    },
  }
}

const canBatch = (store: ReplayStore): store is BatchingStore => store.spendMany !== undefined
