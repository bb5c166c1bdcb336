import { createNonceReader, createNonceSet } from './nonce-set.ts'

/** Remembers nonces until the signature that carried them would have expired anyway. */
export interface NonceMemory {
  /**
   * Spends a nonce.
   *
   * @param nonce - 22 characters of base64url, of a signature that was verified: only the edge can add to this memory
   * @param now - seconds since the epoch
   * @returns `fresh` the first time, `replayed` after that, `full` when there is no room to remember it
   */
  spend(nonce: string, now: number): 'fresh' | 'replayed' | 'full'
}

/**
 * Makes a memory of nonces with a bounded size.
 *
 * Two generations, each as long as a signature may live: a nonce is looked up in both and written into the younger, and
 * dropping the elder whole costs nothing per entry. When the bound is reached, new nonces are not accepted: forgetting
 * an old one early would let its request in again.
 *
 * @param lifetime - seconds for which a nonce must be remembered
 * @param maxNonces - the most nonces to hold at once
 */
export function createNonceMemory(lifetime: number, maxNonces: number): NonceMemory {
  const read = createNonceReader()
  let younger = createNonceSet()
  let elder = createNonceSet()
  let youngerSince = Number.NEGATIVE_INFINITY

  function age(now: number): void {
    const elapsed = now - youngerSince
    if (elapsed < lifetime) return
    // Idle for two lifetimes: nothing in either generation can still be accepted.
    elder = elapsed < 2 * lifetime ? younger : createNonceSet()
    younger = createNonceSet()
    youngerSince = now
  }

  return {
    spend(text, now) {
      age(now)
      const nonce = read(text)
      if (elder.has(nonce)) return 'replayed'
      if (younger.size + elder.size >= maxNonces) return younger.has(nonce) ? 'replayed' : 'full'
      return younger.add(nonce) ? 'fresh' : 'replayed'
    },
  }
}
