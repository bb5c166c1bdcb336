import { type Identity, issueCertificate } from './issue-certificate.ts'

const DAY = 24 * 60 * 60 * 1000

/** A moment so many days from now: negative for the past. */
export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY)
}

/** Every authority of the local edge. */
export interface Authorities {
  /** The CA that an operator would upload to Cloudflare: clients of it are verified. */
  readonly ca: Identity
  /** A CA below it. Its clients are verified when they send its certificate along. */
  readonly intermediate: Identity
  /** A CA that the edge does not know. */
  readonly other: Identity
  /** A CA below that one. */
  readonly otherIntermediate: Identity
  /** Signs the edge's own TLS certificate, and nothing else. */
  readonly serverCa: Identity
}

/** The authorities, and the certificate of the TLS listener. */
export interface Pki extends Authorities {
  readonly server: Identity
}

/** Makes all of it anew, or the listener's certificate alone when the authorities are there. */
export async function createPki(hostname: string, kept?: Authorities): Promise<Pki> {
  const authorities = kept ?? (await createAuthorities())
  return { ...authorities, server: await issueServer(authorities.serverCa, hostname) }
}

/** Makes every authority. */
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

/** For `hostname`, `localhost` and the loopback addresses. */
function issueServer(serverCa: Identity, hostname: string): Promise<Identity> {
  return issueCertificate(
    {
      kind: 'server',
      subject: 'CN=Countersign Dev Edge',
      notBefore: daysFromNow(-1),
      // Browsers refuse TLS certificates that live longer than 398 days.
      notAfter: daysFromNow(390),
      san: { dns: [...new Set([hostname, 'localhost'])], ip: ['127.0.0.1', '::1'] },
    },
    serverCa,
  )
}

/** The dates of a certificate that ended yesterday. */
export function expiredDates(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: daysFromNow(-10), notAfter: daysFromNow(-1) }
}

function issueAuthority(subject: string, issuer?: Identity): Promise<Identity> {
  return issueCertificate({ kind: 'ca', subject, notBefore: daysFromNow(-30), notAfter: daysFromNow(3650) }, issuer)
}
