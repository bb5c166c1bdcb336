import { setImmediate } from 'node:timers'
import { withTimeout } from '../lib/with-timeout.ts'
import type { ReplayStore } from './replay-store.ts'
import { failureOf, readAnswers, type StoreAnswer } from './store-answer.ts'

/** A store that takes several nonces at once. */
export type BatchingStore = ReplayStore & Required<Pick<ReplayStore, 'spendMany'>>

/** Gets the answer about the nonce of one request. It must not throw: other requests of the batch come after it. */
export type GetAnswer = (answer: StoreAnswer) => void

/**
 * The most nonces of one batch. It is sent as soon as it has them.
 *
 * A batch has one time-out, so it must not be longer than a store can decide in a moment. With 100 nonces, a nonce's
 * share of the batch's own cost is below 1 µs.
 */
export const LARGEST_BATCH = 100

interface Spend {
  readonly getAnswer: GetAnswer
  /** Further requests with the same nonce. */
  replays?: GetAnswer[]
}

/**
 * Collects the nonces of one turn of the event loop, and spends them together.
 *
 * Node reads every socket that is ready in one turn, and calls `setImmediate` after that. A microtask would run after each
 * socket, so each batch would have one nonce.
 *
 * @param lifetime - milliseconds for which a nonce must be remembered
 * @param timeout - milliseconds after which a batch fails. They start when the store is asked
 * @returns a function that spends a nonce
 */
export function createNonceBatches(
  store: BatchingStore,
  lifetime: number,
  timeout: number,
): (nonce: string, getAnswer: GetAnswer) => void {
  let open: Map<string, Spend> | undefined

  function send(): void {
    if (open === undefined) return
    const batch = open
    open = undefined
    const nonces = [...batch.keys()]
    withTimeout(() => store.spendMany(nonces, lifetime), timeout)
      .then((values) => readAnswers(values, batch.size))
      .then(
        (answers) => deliver(batch, (at) => answers[at] as StoreAnswer),
        (error: unknown) => {
          const failure = failureOf(error)
          deliver(batch, () => failure)
        },
      )
  }

  return (nonce, getAnswer) => {
    if (open === undefined) {
      open = new Map()
      setImmediate(send)
    }
    const first = open.get(nonce)
    if (first) {
      first.replays ??= []
      first.replays.push(getAnswer)
      return
    }
    open.set(nonce, { getAnswer })
    if (open.size === LARGEST_BATCH) send()
  }
}

/**
 * Tells each request the answer about its own nonce.
 *
 * Attack: an attacker sends a captured request twice in one turn. A store gets each nonce once in a batch, so it cannot
 * report both as fresh. The second request is a replay of the first, unless the store does not know the nonce's state.
 */
function deliver(batch: ReadonlyMap<string, Spend>, answerAt: (at: number) => StoreAnswer): void {
  let at = 0
  for (const { getAnswer, replays } of batch.values()) {
    const answer = answerAt(at)
    getAnswer(answer)
    if (replays) for (const getReplay of replays) getReplay(typeof answer === 'boolean' ? false : answer)
    at += 1
  }
}
