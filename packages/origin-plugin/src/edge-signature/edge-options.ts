import type { SigningJwk } from '@countersign/wire'
import { checkChoice, checkKnown, checkNumber, optionNames } from '../lib/check-option.ts'
import { type EdgeKeys, importEdgeKeys } from './edge-keys.ts'
import { createNonceMemory, type NonceMemory } from './nonce-memory.ts'
import type { ReplayStore, ReplayStoreUse } from './replay-store.ts'
import type { SignatureLifetime } from './verify-edge-signature.ts'

/** How the Worker's signature is verified. */
export interface EdgeOptions {
  /**
   * The keys that the Worker may have signed with: one JWK, several, or a JWK Set. HMAC keys (`kty: "oct"`) are the
   * Worker's own; of an Ed25519 key (`kty: "OKP"`) the origin gets the public half.
   */
  readonly keys: SigningJwk | readonly SigningJwk[] | { readonly keys: readonly SigningJwk[] }
  /** Seconds after which a signature expires, whatever it says itself. Default 60. */
  readonly maxAge?: number
  /** Seconds by which the clocks of edge and origin may differ. Default 5. */
  readonly clockTolerance?: number
  /**
   * Where it is remembered that a signed request was accepted. `memory` (the default): in this process, so that each
   * process accepts it once. A store, such as `redisReplayStore(client)`: once for all processes. `false`: nowhere, so
   * that it is accepted until it expires.
   */
  readonly replay?: 'memory' | ReplayStore | false
  /** With `memory`: the most signed requests to remember at once; beyond it new ones get 503. Default 1,000,000. */
  readonly maxRemembered?: number
  /** With a store: milliseconds after which it counts as unavailable. Default 500. */
  readonly storeTimeout?: number
  /**
   * With a store: what to do while it is unavailable. `refuse` (the default) answers `CSN_REPLAY_STORE_UNAVAILABLE`;
   * `accept` goes on without replay protection, and logs it.
   */
  readonly onStoreUnavailable?: 'refuse' | 'accept'
}

/** The option `edge`, ready to verify with. */
export interface EdgeVerifier extends SignatureLifetime {
  readonly keys: EdgeKeys
  /** Seconds for which a nonce must be remembered. */
  readonly nonceLifetime: number
  /** Where nonces are spent: in this process, in a store that several share, or nowhere. */
  readonly replay: { readonly memory: NonceMemory } | ReplayStoreUse | null
}

/** A clock set by NTP is within milliseconds; five seconds cover one that is being set. */
const DEFAULT_CLOCK_TOLERANCE = 5
/** As long as the Worker says itself. */
const DEFAULT_MAX_AGE = 60
/** Two generations of 70 seconds hold some 7,100 signed requests a second, in at most 43 MB. */
const DEFAULT_MAX_REMEMBERED = 1_000_000
/** At 43 bytes a nonce this is 720 MB: more belongs in a store. */
const MOST_REMEMBERED = 2 ** 24 - 1
/** A store on the same network answers within a few milliseconds. */
const DEFAULT_STORE_TIMEOUT_MS = 500

const OPTIONS = optionNames<keyof EdgeOptions>({
  keys: true,
  maxAge: true,
  clockTolerance: true,
  replay: true,
  maxRemembered: true,
  storeTimeout: true,
  onStoreUnavailable: true,
})

/**
 * Checks the option `edge`.
 *
 * @param warn - told when a request was accepted although the store was unavailable
 * @throws TypeError with a sentence that says what to write
 */
export function resolveEdge(edge: Record<string, unknown>, warn: (reason: string) => void): EdgeVerifier {
  checkKnown(edge, OPTIONS, 'edge')
  const { maxAge: age = DEFAULT_MAX_AGE, clockTolerance: tolerance = DEFAULT_CLOCK_TOLERANCE } = edge
  const maxAge = checkNumber(age, 1, 300, 'seconds', 'edge.maxAge')
  const clockTolerance = checkNumber(tolerance, 0, 60, 'seconds', 'edge.clockTolerance')
  // A signature is accepted up to clockTolerance before `created`, and up to clockTolerance after its end.
  const nonceLifetime = maxAge + 2 * clockTolerance
  return {
    keys: importEdgeKeys(edge.keys),
    maxAge,
    clockTolerance,
    nonceLifetime,
    replay: resolveReplay(edge, nonceLifetime, warn),
  }
}

function resolveReplay(
  edge: Record<string, unknown>,
  nonceLifetime: number,
  warn: (reason: string) => void,
): EdgeVerifier['replay'] {
  const { replay = 'memory' } = edge
  const inMemory = replay === 'memory'
  const inStore = typeof replay === 'object' && replay !== null
  requireUse(edge, 'maxRemembered', inMemory, 'with replay: "memory"')
  requireUse(edge, 'storeTimeout', inStore, 'with a replay store')
  requireUse(edge, 'onStoreUnavailable', inStore, 'with a replay store')

  if (inMemory) {
    const { maxRemembered = DEFAULT_MAX_REMEMBERED } = edge
    const maxNonces = checkNumber(maxRemembered, 1, MOST_REMEMBERED, 'requests', 'edge.maxRemembered')
    return { memory: createNonceMemory(nonceLifetime, maxNonces) }
  }
  if (replay === false) return null
  if (!inStore || typeof (replay as Partial<ReplayStore>).spend !== 'function') {
    throw new TypeError('edge.replay must be "memory", false, or a store such as redisReplayStore(client)')
  }
  const { storeTimeout = DEFAULT_STORE_TIMEOUT_MS, onStoreUnavailable = 'refuse' } = edge
  return {
    store: replay as ReplayStore,
    timeout: checkNumber(storeTimeout, 1, 60_000, 'milliseconds', 'edge.storeTimeout'),
    onUnavailable: checkChoice(onStoreUnavailable, ['refuse', 'accept'] as const, 'edge.onStoreUnavailable'),
    warn,
  }
}

function requireUse(edge: Record<string, unknown>, name: string, used: boolean, when: string): void {
  if (edge[name] !== undefined && !used) throw new TypeError(`edge.${name} has a meaning only ${when}: leave it out`)
}
