import type { Report, WatchedTask } from '../lib/background-task.ts'
import { checkChoice, checkKnown, checkNumber, optionNames } from '../lib/check-option.ts'
import { type CheckedStore, createCheckedStore } from './checked-store.ts'
import { type EdgeKeyList, type EdgeKeySource, type KeysInUse, resolveKeys } from './edge-key-source.ts'
import { createNonceMemory, type NonceMemory } from './nonce-memory.ts'
import { compileHosts, type OwnHosts } from './own-host.ts'
import type { ReplayStore } from './replay-store.ts'
import type { SignatureLifetime } from './verify-edge-signature.ts'

/**
 * Options for the check of the Worker's signature.
 *
 * @example
 * ```ts
 * import type { EdgeOptions } from '@countersign/origin-plugin'
 *
 * const edge: EdgeOptions = { keys: process.env['COUNTERSIGN_KEYS'], hosts: ['app.example.com'], maxAge: 30 }
 * ```
 */
export interface EdgeOptions {
  /**
   * The accepted keys of the Worker: one JWK, several, a JWK Set, or the JSON text of these. An HMAC key
   * (`kty: "oct"`) is the Worker's own key. For an Ed25519 key (`kty: "OKP"`) the origin needs the public half.
   *
   * The type admits `undefined`, so that an environment variable can be passed as it is. If it is not set, the server
   * does not start.
   *
   * Keys that change while the server runs come from `{ file: '/path/keys.json' }`, or from a function. The server does
   * not start without the first answer. A later one replaces all keys at once, and a bad one is logged and changes
   * nothing.
   */
  readonly keys: EdgeKeyList | EdgeKeySource | undefined
  /** Seconds between two reads of a file or a function in `keys`. From 1 to 604,800 (a week), default 60. */
  readonly refresh?: number
  /**
   * The host names under which clients reach this origin, with the port if it is not 443: a list, or text with commas.
   * A request that was signed for another host is refused. `null` accepts every host: write it only if no other origin
   * has the same key.
   */
  readonly hosts: readonly string[] | string | null | undefined
  /** Seconds after which a signature expires, even if its own `expires` is later. From 1 to 300, default 60. */
  readonly maxAge?: number
  /** Seconds by which the clocks of edge and origin may differ. From 0 to 60, default 5. */
  readonly clockTolerance?: number
  /**
   * The place where the nonces of accepted requests are remembered. With `memory` (the default) each process accepts a
   * signed request once. With a store, such as `redisReplayStore(client)`, all processes together accept it once. With
   * `false` it is accepted until it expires.
   */
  readonly replay?: 'memory' | ReplayStore | false
  /** For `memory`: the most signed requests to remember at once. Beyond it new ones get 503. Default 1,000,000. */
  readonly maxRemembered?: number
  /** For a store: milliseconds after which it counts as unavailable. From 1 to 60,000, default 500. */
  readonly storeTimeout?: number
  /**
   * For a store: the reaction while it is unavailable. `refuse` (the default) answers `CSN_REPLAY_STORE_UNAVAILABLE`,
   * and does not start without the store. `accept` starts and admits requests without replay protection, and logs it.
   * A store that answers wrongly stops the start with both.
   */
  readonly onStoreUnavailable?: 'refuse' | 'accept'
}

/** The option `edge`, checked and compiled. */
export interface EdgeVerifier extends SignatureLifetime {
  readonly keys: KeysInUse
  /** Keeps the keys current; `undefined` if they do not change. */
  readonly reload: WatchedTask | undefined
  readonly hosts: OwnHosts
  /** Seconds for which the memory of this process must remember a nonce. */
  readonly nonceLifetime: number
  /** The place where nonces are spent: the memory of this process, a store that several processes share, or none. */
  readonly replay: { readonly memory: NonceMemory } | { readonly store: CheckedStore } | null
}

/** The limits of `maxAge` and `clockTolerance`, in seconds. */
const LONGEST_MAX_AGE = 300
const LONGEST_CLOCK_TOLERANCE = 60
/** A clock set by NTP is right within milliseconds. Five seconds cover a clock that is being set. */
const DEFAULT_CLOCK_TOLERANCE = 5
/** The lifetime that the Worker writes into `expires`. */
const DEFAULT_MAX_AGE = 60
/** Two generations of 70 seconds hold some 7,100 signed requests a second, in some 40 MB. */
const DEFAULT_MAX_REMEMBERED = 1_000_000
/** At 40 bytes a nonce this is 670 MB. More nonces belong in a store. */
const MOST_REMEMBERED = 2 ** 24 - 1
/** A store on the same network answers within a few milliseconds. */
const DEFAULT_STORE_TIMEOUT_MS = 500

const OPTIONS = optionNames<keyof EdgeOptions>({
  keys: true,
  refresh: true,
  hosts: true,
  maxAge: true,
  clockTolerance: true,
  replay: true,
  maxRemembered: true,
  storeTimeout: true,
  onStoreUnavailable: true,
})

const MANDATORY = [
  ['keys', 'write keys: process.env.COUNTERSIGN_KEYS, and set this variable to the keys of the Worker as JSON'],
  [
    'hosts',
    'write the host names of this origin, such as hosts: ["app.example.com"], or hosts: null to accept requests for every host',
  ],
] as const

/**
 * Checks the option `edge`.
 *
 * @param report - gets each failure of the store, and its end
 * @param reportKeys - gets each failed reload of the keys, and its end
 * @throws TypeError whose message states the correction
 */
export function resolveEdge(edge: Record<string, unknown>, report: Report, reportKeys: Report): EdgeVerifier {
  for (const [name, remedy] of MANDATORY) {
    if (edge[name] === undefined) throw new TypeError(`edge.${name} is missing; ${remedy}`)
  }
  checkKnown(edge, OPTIONS, 'edge')
  const { maxAge: age = DEFAULT_MAX_AGE, clockTolerance: tolerance = DEFAULT_CLOCK_TOLERANCE } = edge
  const maxAge = checkNumber(age, 1, LONGEST_MAX_AGE, 'seconds', 'edge.maxAge')
  const clockTolerance = checkNumber(tolerance, 0, LONGEST_CLOCK_TOLERANCE, 'seconds', 'edge.clockTolerance')
  const nonceLifetime = lifetimeOf(maxAge, clockTolerance)
  return {
    ...resolveKeys(edge, reportKeys),
    hosts: compileHosts(edge.hosts),
    maxAge,
    clockTolerance,
    nonceLifetime,
    replay: resolveReplay(edge, nonceLifetime, report),
  }
}

/** A signature is accepted up to clockTolerance before `created`, and up to clockTolerance after its end. */
function lifetimeOf(maxAge: number, clockTolerance: number): number {
  return maxAge + 2 * clockTolerance
}

function resolveReplay(edge: Record<string, unknown>, nonceLifetime: number, report: Report): EdgeVerifier['replay'] {
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
  const { spendMany } = replay as { readonly spendMany?: unknown }
  if (spendMany !== undefined && typeof spendMany !== 'function') {
    throw new TypeError('edge.replay: spendMany must be a function; write spendMany(nonces, lifetime), or leave it out')
  }
  const { storeTimeout = DEFAULT_STORE_TIMEOUT_MS, onStoreUnavailable = 'refuse' } = edge
  const store = createCheckedStore({
    store: replay as ReplayStore,
    // Not nonceLifetime: origins that share the store may accept a signature for longer than this one.
    lifetime: lifetimeOf(LONGEST_MAX_AGE, LONGEST_CLOCK_TOLERANCE) * 1000,
    timeout: checkNumber(storeTimeout, 1, 60_000, 'milliseconds', 'edge.storeTimeout'),
    onUnavailable: checkChoice(onStoreUnavailable, ['refuse', 'accept'] as const, 'edge.onStoreUnavailable'),
    report,
  })
  return { store }
}

function requireUse(edge: Record<string, unknown>, name: string, used: boolean, when: string): void {
  if (edge[name] !== undefined && !used) throw new TypeError(`edge.${name} is used only ${when}; remove it`)
}
