import { readText, tableRows } from '../../support/files.ts'
import type { History } from './history.ts'
import type { Outages } from './outages.ts'

/** What is known of a request that was sent: facts about the request, not about the code that judges it. */
export interface Sent {
  readonly name: string
  /** The outcome when nothing but the request itself decides. */
  readonly refused?: string | readonly string[]
  /** When the earlier request with its nonce was sent, and whether its answer says that the nonce was spent. */
  readonly spent?: { readonly since: number; readonly surely: boolean }
  /** The key that the token names. */
  readonly kid?: string
  /** The outcome of a token with a fault, once its key was found. */
  readonly tokenFault?: string
  /** The outcome of a certificate with a fault. */
  readonly certFault?: string
  /** The client whom the CA may have revoked. */
  readonly client?: string
  /** The outcome when every check of the plugin passes. */
  readonly end?: string
  /** The body of a 200: whom the route saw. */
  readonly body?: string
}

/** What the origin can know, and what it can be without. */
export interface World {
  /** Ids of the Access keys that were served. */
  readonly keys: History<ReadonlySet<string>>
  readonly keyOutages: Outages
  /** Clients on the revocation lists that were served. */
  readonly revoked: History<ReadonlySet<string>>
  readonly redisOutages: Outages
  /** When Redis last forgot everything, nonces included. */
  redisForgotAt: number
}

/**
 * Every outcome that is right for a request, sent and answered at these moments.
 *
 * One walk in the order of the proofs. What may be either way adds an outcome and goes on; what is certain ends the walk.
 */
export function allowedOutcomes(sent: Sent, from: number, to: number, world: World): Set<string> {
  if (sent.refused !== undefined) return new Set([sent.refused].flat())
  const allowed = new Set<string>()

  if (world.redisOutages.touch(from, to)) allowed.add('CSN_REPLAY_STORE_UNAVAILABLE')
  if (world.redisOutages.cover(from, to)) return allowed
  const { spent } = sent
  if (spent) allowed.add('CSN_SIGNATURE_REPLAYED')
  if (spent?.surely && spent.since > world.redisForgotAt) return allowed

  const { kid } = sent
  if (kid !== undefined) {
    const known = world.keys.between(from, to).map((kids) => kids.has(kid))
    if (known.includes(false)) {
      allowed.add('CSN_ACCESS_TOKEN_INVALID')
      if (world.keyOutages.touch(from, to)) allowed.add('CSN_ACCESS_KEYS_UNAVAILABLE')
    }
    if (!known.includes(true)) return allowed
  }
  if (sent.tokenFault) return allowed.add(sent.tokenFault)
  if (sent.certFault) return allowed.add(sent.certFault)

  const { client } = sent
  if (client !== undefined) {
    const revoked = world.revoked.between(from, to).map((clients) => clients.has(client))
    if (revoked.includes(true)) allowed.add('CSN_CERT_REVOKED')
    if (!revoked.includes(false)) return allowed
  }
  return allowed.add(sent.end ?? '200')
}

/** The status of each code, from the documentation: the code under test must not be its own witness. */
const STATUSES: ReadonlyMap<string, number> = new Map(
  tableRows(readText('docs/errors.md'))
    .filter(([code = '']) => code.startsWith('`CSN_'))
    .map(([code = '', status]) => [code.slice(1, -1), Number(status)]),
)

/** The status that belongs to an outcome: a code of the plugin, or a plain status. */
export function statusOf(outcome: string): number | undefined {
  return STATUSES.get(outcome) ?? (/^\d{3}$/.test(outcome) ? Number(outcome) : undefined)
}
