import { readText, tableRows } from '../../support/files.ts'
import type { History } from './history.ts'
import type { Outages } from './outages.ts'

/** The facts of a sent request. They do not depend on the code under test. */
export interface Sent {
  readonly name: string
  /** The outcome if it depends on the request alone. */
  readonly refused?: string | readonly string[]
  /** The time of the earlier request with the same nonce. `surely`: it was admitted, which proves that the nonce is spent. */
  readonly spent?: { readonly since: number; readonly surely: boolean }
  /** The id of the Worker's key that signed, if a rotation may have removed it. */
  readonly edgeKey?: string
  /** The CA of the client, if a rotation may have removed it. */
  readonly ca?: string
  /** The key that the token names. */
  readonly kid?: string
  /** The outcome of a faulty token, if its key is known. */
  readonly tokenFault?: string
  /** The outcome of a faulty certificate. */
  readonly certFault?: string
  /** The client that the CA may have revoked. */
  readonly client?: string
  /** The outcome if every proof of the client succeeds. The default is 200. */
  readonly end?: string
  /** The body of a 200, which names the client that the route saw, or several possible ones. */
  readonly body?: string | readonly string[]
}

/** The state around the origin over time: the data that it received, and the servers that were down. */
export interface World {
  /** Ids of the Access keys that were served. */
  readonly keys: History<ReadonlySet<string>>
  readonly keyOutages: Outages
  /** Ids of the Worker's keys in the file. */
  readonly edgeKeys: History<ReadonlySet<string>>
  /** The CAs in the file. */
  readonly cas: History<ReadonlySet<string>>
  /** Clients on the revocation lists that were served. */
  readonly revoked: History<ReadonlySet<string>>
  readonly redisOutages: Outages
  /** The last restart of Redis, which lost every nonce. */
  redisForgotAt: number
}

/**
 * Every correct outcome of a request that was sent at `from` and answered at `to`.
 *
 * The checks are in the order of the proofs. A possible refusal adds its outcome and continues. A certain one returns.
 */
export function allowedOutcomes(sent: Sent, from: number, to: number, world: World): Set<string> {
  if (sent.refused !== undefined) return new Set([sent.refused].flat())
  const allowed = new Set<string>()

  const { edgeKey, ca, kid } = sent
  if (edgeKey !== undefined) {
    const listed = world.edgeKeys.between(from, to).map((keys) => keys.has(edgeKey))
    if (listed.includes(false)) allowed.add('CSN_SIGNATURE_INVALID')
    if (!listed.includes(true)) return allowed
  }
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

  if (ca !== undefined) {
    const listed = world.cas.between(from, to).map((cas) => cas.has(ca))
    if (listed.includes(false)) allowed.add('CSN_CERT_UNTRUSTED_ISSUER')
    if (!listed.includes(true)) return allowed
  }
  const { client } = sent
  if (client !== undefined) {
    const revoked = world.revoked.between(from, to).map((clients) => clients.has(client))
    if (revoked.includes(true)) allowed.add('CSN_CERT_REVOKED')
    if (!revoked.includes(false)) return allowed
  }
  const { spent, end = '200' } = sent
  if (end === 'CSN_CERT_FORBIDDEN') return allowed.add(end)

  if (world.redisOutages.touch(from, to)) allowed.add('CSN_REPLAY_STORE_UNAVAILABLE')
  if (world.redisOutages.cover(from, to)) return allowed
  if (spent) allowed.add('CSN_SIGNATURE_REPLAYED')
  if (spent?.surely && spent.since > world.redisForgotAt) return allowed
  return allowed.add(end)
}

/** The status of each code, from the documentation: taken from the plugin, a wrong status would confirm itself. */
const STATUSES: ReadonlyMap<string, number> = new Map(
  tableRows(readText('docs/errors.md'))
    .filter(([code = '']) => code.startsWith('`CSN_'))
    .map(([code = '', status]) => [code.slice(1, -1), Number(status)]),
)

/** The status of an outcome, which is a code of the plugin or itself a status. */
export function statusOf(outcome: string): number | undefined {
  return STATUSES.get(outcome) ?? (/^\d{3}$/.test(outcome) ? Number(outcome) : undefined)
}
