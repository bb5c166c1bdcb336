import { type Identity, issueCertificate } from './issue-certificate.ts'

const DAY = 24 * 60 * 60 * 1000

/** A moment so many days from now: negative for the past. */
export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY)
}

/** Every authority of the local edge. All keys are made in memory for this run alone. */
export interface Pki {
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
  readonly server: Identity
}

/** Makes all authorities and the certificate of the TLS listener, for `hostname`, `localhost` and the loopback addresses. */
export async function createPki(hostname: string): Promise<Pki> {
  const [ca, other, serverCa] = await Promise.all([
    issueAuthority('CN=Acme Client CA,O=Acme'),
    issueAuthority('CN=Other Client CA,O=Other'),
    issueAuthority('CN=Countersign Dev Edge CA'),
  ])
  const [intermediate, otherIntermediate, server] = await Promise.all([
    issueAuthority('CN=Acme Branch CA,O=Acme', ca),
    issueAuthority('CN=Other Branch CA,O=Other', other),
    issueCertificate(
      {
        kind: 'server',
        subject: 'CN=Countersign Dev Edge',
        notBefore: daysFromNow(-1),
        // Browsers refuse TLS certificates that live longer than 398 days.
        notAfter: daysFromNow(390),
        san: { dns: [...new Set([hostname, 'localhost'])], ip: ['127.0.0.1', '::1'] },
      },
      serverCa,
    ),
  ])
  return { ca, intermediate, other, otherIntermediate, serverCa, server }
}

function issueAuthority(subject: string, issuer?: Identity): Promise<Identity> {
  return issueCertificate({ kind: 'ca', subject, notBefore: daysFromNow(-30), notAfter: daysFromNow(3650) }, issuer)
}
