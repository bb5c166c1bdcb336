import { createNonceReader } from './nonce-reader.ts'
import { createNonceSet } from './nonce-set.ts'

/** Remembers nonces until their signatures have expired. */
export interface NonceMemory {
  /**
   * Spends a nonce.
   *
   * @param nonce - 22 characters of base64url, from a verified signature: only the edge can add to this memory
   * @param now - seconds since the epoch
   * @returns `fresh` the first time, `replayed` after that, `full` without room for it
   */
  spend(nonce: string, now: number): 'fresh' | 'replayed' | 'full'
}

/**
 * Makes a memory of nonces with a bounded size.
 *
 * It keeps two generations, each as long as a signature may live. A nonce is looked up in both and added to the younger
 * one. Dropping the whole elder one costs nothing per entry. A full memory accepts no new nonce, since forgetting an
 * old one early would admit its request again.
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
    // After two idle lifetimes the signatures of both generations have expired.
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
