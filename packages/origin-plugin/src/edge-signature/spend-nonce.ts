import { refusalAt } from '../errors.ts'
import type { EdgeVerifier } from './edge-options.ts'
import { spendInStore } from './replay-store.ts'

const refuse = refusalAt('replay')

/**
 * Spends the nonce of a signature, so that its request is admitted once.
 *
 * Call it only after the signature was verified. Otherwise an attacker could fill the memory, or spend the nonce of a
 * request that is still on its way.
 *
 * @param now - seconds since the epoch
 * @returns a promise only for a store; `null` without replay protection and in the memory of this process
 * @throws CountersignError `CSN_SIGNATURE_REPLAYED`, or `CSN_REPLAY_STORE_UNAVAILABLE`
 */
export function spendNonce(nonce: string, { replay, nonceLifetime }: EdgeVerifier, now: number): null | Promise<void> {
  if (replay === null) return null
  if (!('memory' in replay)) return spendInStore(nonce, nonceLifetime * 1000, replay)
  switch (replay.memory.spend(nonce, now)) {
    case 'fresh':
      return null
    case 'replayed':
      throw refuse('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    case 'full':
      throw refuse('CSN_REPLAY_STORE_UNAVAILABLE', 'the memory of nonces is full (edge.maxRemembered)')
  }
}
