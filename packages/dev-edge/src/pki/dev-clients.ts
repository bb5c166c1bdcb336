import { type DevClient, type IssueClientOptions, issueClient } from './dev-client.ts'
import { type Authorities, daysFromNow, expiredDates } from './pki.ts'

/**
 * The clients of every local edge: one for each value that Cloudflare reports of a client certificate.
 *
 * @example
 * ```ts
 * const { alice, bob }: DevClients = edge.clients
 * ```
 */
export interface DevClients {
  /** `CN=alice,OU=Ops,O=Acme,C=US`: verified. */
  readonly alice: DevClient
  /** `CN=bob,OU=Sales,O=Acme`: verified. Its serial number has the high bit set, so its text begins with `00`. */
  readonly bob: DevClient
  /** `CN=rsa,OU=Ops,O=Acme` with an RSA key: verified. */
  readonly rsa: DevClient
  /**
   * `CN=branch,OU=Branch,O=Acme`, issued by `CN=Acme Branch CA,O=Acme`: verified. It sends the certificate of that CA.
   */
  readonly branch: DevClient
  /** Verified, and `certRevoked` is `"1"`. */
  readonly revoked: DevClient
  /** `FAILED:certificate has expired` */
  readonly expired: DevClient
  /** `FAILED:certificate is not yet valid` */
  readonly notYetValid: DevClient
  /** Alice's subject, signed by itself: `FAILED:self signed certificate`. */
  readonly selfSigned: DevClient
  /** Alice's subject from a CA that the edge does not know: `FAILED:unable to verify the first certificate`. */
  readonly otherCa: DevClient
  /**
   * Alice's subject from a CA below the unknown one, with that CA's certificate: `FAILED:unable to get local issuer
   * certificate`.
   */
  readonly otherBranch: DevClient
}

/**
 * The names of these clients.
 *
 * @example
 * ```ts
 * const name: DevClientName = 'revoked'
 * await edge.fetch('/me', { client: edge.clients[name] })
 * ```
 */
export type DevClientName = keyof DevClients

const ALICE = 'CN=alice,OU=Ops,O=Acme,C=US'

/** Days. Far enough ahead that a kept certificate still matches its name. */
const NEXT_YEAR_DAYS = 365

/** Returns the options with which a client of every edge is issued. */
export function describeDevClient(name: DevClientName): IssueClientOptions {
  return describeDevClients()[name]
}

function describeDevClients(): Readonly<Record<DevClientName, IssueClientOptions>> {
  return {
    alice: { subject: ALICE },
    bob: { subject: 'CN=bob,OU=Sales,O=Acme', serialNumber: 'b0b0000000000000000000000000cafe' },
    rsa: { subject: 'CN=rsa,OU=Ops,O=Acme', keyType: 'RSA-2048' },
    branch: { subject: 'CN=branch,OU=Branch,O=Acme', issuer: 'intermediate' },
    revoked: { subject: 'CN=revoked,OU=Ops,O=Acme' },
    expired: { subject: 'CN=expired,OU=Ops,O=Acme', ...expiredDates() },
    notYetValid: {
      subject: 'CN=notYetValid,OU=Ops,O=Acme',
      notBefore: daysFromNow(NEXT_YEAR_DAYS),
      notAfter: daysFromNow(NEXT_YEAR_DAYS + 90),
    },
    selfSigned: { subject: ALICE, issuer: 'self' },
    otherCa: { subject: ALICE, issuer: 'other' },
    otherBranch: { subject: ALICE, issuer: 'other-intermediate' },
  }
}

/** The names of all clients, in the order of {@link DevClients}. */
export const DEV_CLIENT_NAMES: readonly DevClientName[] = Object.keys(describeDevClients()) as DevClientName[]

/** Issues all clients of an edge. */
export async function issueDevClients(authorities: Authorities): Promise<DevClients> {
  const issued = DEV_CLIENT_NAMES.map(
    async (name) => [name, await issueClient(authorities, { ...describeDevClient(name), name })] as const,
  )
  return Object.fromEntries(await Promise.all(issued)) as unknown as DevClients
}
