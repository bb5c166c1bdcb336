import { type Identity, issueCertificate } from './issue-certificate.ts'

const DAY = 24 * 60 * 60 * 1000

/** Returns the moment in so many days. Negative days are in the past. */
export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY)
}

/** The authorities of the local edge. */
export interface Authorities {
  /** The CA that an operator would upload to Cloudflare. Its clients are verified. */
  readonly ca: Identity
  /** A CA below `ca`. Its clients are verified if they send its certificate. */
  readonly intermediate: Identity
  /** A CA that the edge does not know. */
  readonly other: Identity
  /** A CA below `other`. */
  readonly otherIntermediate: Identity
  /** The issuer of the edge's own TLS certificate, and of no other certificate. */
  readonly serverCa: Identity
}

/** The authorities, and the certificate of the TLS listener. */
export interface Pki extends Authorities {
  readonly server: Identity
}

/** Creates the authorities and the listener's certificate, or only the latter if the authorities are kept. */
export async function createPki(hostname: string, kept?: Authorities): Promise<Pki> {
  const authorities = kept ?? (await createAuthorities())
  return { ...authorities, server: await issueServer(authorities.serverCa, hostname) }
}

/** Issues every authority. */
export async function createAuthorities(): Promise<Authorities> {
  const [ca, other, serverCa] = await Promise.all([
    issueAuthority('CN=Acme Client CA,O=Acme'),
    issueAuthority('CN=Other Client CA,O=Other'),
    issueAuthority('CN=Countersign Dev Edge CA'),
  ])
  const [intermediate, otherIntermediate] = await Promise.all([
    issueAuthority('CN=Acme Branch CA,O=Acme', ca),
    issueAuthority('CN=Other Branch CA,O=Other', other),
  ])
  return { ca, intermediate, other, otherIntermediate, serverCa }
}

/** Issues the certificate for `hostname`, `localhost` and the loopback addresses. */
function issueServer(serverCa: Identity, hostname: string): Promise<Identity> {
  return issueCertificate(
    {
      kind: 'server',
      subject: 'CN=Countersign Dev Edge',
      notBefore: daysFromNow(-1),
      // Browsers refuse TLS certificates with a validity over 398 days.
      notAfter: daysFromNow(390),
      san: { dns: [...new Set([hostname, 'localhost'])], ip: ['127.0.0.1', '::1'] },
    },
    serverCa,
  )
}

/** Returns the dates of a certificate that expired yesterday. */
export function expiredDates(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: daysFromNow(-10), notAfter: daysFromNow(-1) }
}

function issueAuthority(subject: string, issuer?: Identity): Promise<Identity> {
  return issueCertificate({ kind: 'ca', subject, notBefore: daysFromNow(-30), notAfter: daysFromNow(3650) }, issuer)
}
