import type { Watched } from '../lib/health.ts'
import { createNonceReader } from './nonce-reader.ts'
import { createNonceSet, type NonceSet } from './nonce-set.ts'

/** Remembers nonces until their signatures have expired. */
export interface NonceMemory extends Watched {
  /**
   * Spends a nonce.
   *
   * @param nonce - 22 characters of base64url, from a verified signature: only the edge can add to this memory
   * @param created - the signature's `created`, in seconds since the epoch
   * @param now - seconds of a clock that nobody sets, such as `performance.now() / 1000`
   * @returns `fresh` the first time, `replayed` after that, `forgotten` if the signature is as old as one whose nonce was
   *   dropped, `full` without room for it
   */
  spend(nonce: string, created: number, now: number): 'fresh' | 'replayed' | 'forgotten' | 'full'
}

/** The share from which the operator should look: a peak a quarter higher would fill the memory. */
const NEARLY_FULL = 0.8

/**
 * Makes a memory of nonces with a bounded size.
 *
 * It keeps two generations, each as long as a signature may live. A nonce is looked up in both and added to the younger
 * one. Dropping the whole elder one costs nothing per entry. A full memory accepts no new nonce, since forgetting an
 * old one early would admit its request again.
 *
 * The wall clock decides whether a signature has expired, and can be set back after its nonce was dropped. Then the
 * signature would be accepted again, so signatures as old as the dropped ones are refused.
 *
 * @param lifetime - seconds for which a nonce must be remembered
 * @param maxNonces - the most nonces to hold at once
 */
export function createNonceMemory(lifetime: number, maxNonces: number): NonceMemory {
  const read = createNonceReader()
  let younger = createGeneration()
  let elder = createGeneration()
  let youngerSince = Number.NEGATIVE_INFINITY
  /** The latest `created` whose nonce was dropped. */
  let forgotten = Number.NEGATIVE_INFINITY

  function age(now: number): void {
    const elapsed = now - youngerSince
    if (elapsed < lifetime) return
    drop(elder)
    elder = younger
    // After two idle lifetimes the signatures of both generations have expired.
    if (elapsed >= 2 * lifetime) {
      drop(elder)
      elder = createGeneration()
    }
    younger = createGeneration()
    youngerSince = now
  }

  function drop({ latest }: Generation): void {
    forgotten = Math.max(forgotten, latest)
  }

  return {
    health() {
      age(performance.now() / 1000)
      const used = (younger.nonces.size + elder.nonces.size) / maxNonces
      const state = used >= 1 ? 'failing' : used >= NEARLY_FULL ? 'degraded' : 'ok'
      const reason = state === 'ok' ? {} : { reason: `${Math.round(used * 100)} % of edge.maxRemembered are in use` }
      return { state, name: 'the memory of nonces', ...reason, used }
    },
    spend(text, created, now) {
      age(now)
      const nonce = read(text)
      if (elder.nonces.has(nonce)) return 'replayed'
      const { nonces } = younger
      if (created <= forgotten) return nonces.has(nonce) ? 'replayed' : 'forgotten'
      if (nonces.size + elder.nonces.size >= maxNonces) return nonces.has(nonce) ? 'replayed' : 'full'
      const added = nonces.add(nonce)
      if (added !== 'added') return added === 'known' ? 'replayed' : 'full'
      younger.latest = Math.max(younger.latest, created)
      return 'fresh'
    },
  }
}

interface Generation {
  readonly nonces: NonceSet
  /** The latest `created` of its signatures. */
  latest: number
}

function createGeneration(): Generation {
  return { nonces: createNonceSet(), latest: Number.NEGATIVE_INFINITY }
}
