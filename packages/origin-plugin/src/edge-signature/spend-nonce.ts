import type { SignatureParameters } from '@countersign/wire'
import { refusalAt } from '../errors.ts'
import type { CheckedStore } from './checked-store.ts'
import type { EdgeVerifier } from './edge-options.ts'

const refuse = refusalAt('replay')

/**
 * Spends the nonce of a signature, so that its request is admitted once.
 *
 * Call it last, after every check of the request. A request that another check refuses must not take room in the memory,
 * and a forged signature must not spend the nonce of a request that is still on its way.
 *
 * @param signature - the verified signature; `null` with `edge: null`
 * @param edge - the option `edge`; `null` if there is no signature to spend
 * @param now - seconds of a clock that nobody sets
 * @returns a promise only for a store
 * @throws CountersignError `CSN_SIGNATURE_REPLAYED`, `CSN_SIGNATURE_EXPIRED` or `CSN_REPLAY_STORE_UNAVAILABLE`
 */
export function spendNonce(
  signature: Pick<SignatureParameters, 'nonce' | 'created'> | null,
  edge: Pick<EdgeVerifier, 'replay'> | null,
  now: number = performance.now() / 1000,
): void | Promise<void> {
  const replay = edge?.replay
  if (!signature || !replay) return
  const { nonce, created } = signature
  if ('store' in replay) return replay.store.spend(nonce)
  switch (replay.memory.spend(nonce, created, now)) {
    case 'fresh':
      return
    case 'replayed':
      throw refuse('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    case 'forgotten':
      throw refuse('CSN_SIGNATURE_EXPIRED', 'the signature is as old as forgotten ones, because the clock was set back')
    case 'full':
      throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', 'the memory of nonces is full (edge.maxRemembered)')
  }
}

/**
 * Checks the replay store, if there is one, before the server accepts requests.
 *
 * @throws Error as {@link CheckedStore.start}
 */
export async function requireReplayProtection(edge: Pick<EdgeVerifier, 'replay'> | null): Promise<void> {
  if (edge?.replay && 'store' in edge.replay) await edge.replay.store.start()
}
