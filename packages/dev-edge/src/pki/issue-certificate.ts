import { randomBytes, type webcrypto } from 'node:crypto'
import { copyName, encodeName } from './encode-name.ts'
import { generateKeyPair, type KeyType } from './key-pair.ts'
import { resolvePurpose } from './key-purposes.ts'
import * as x509 from './peculiar-x509.ts'

/**
 * Subject alternative names to issue, by kind. The type of the same name in the origin plugin describes the names that
 * a certificate contains. Both are public.
 *
 * @example
 * ```ts
 * const san: SubjectAltNames = { dns: ['pay.acme.example'], uri: ['spiffe://acme.example/pay'] }
 * await edge.issueClient({ subject: 'CN=pay-1', san })
 * ```
 */
export interface SubjectAltNames {
  /** Host names. */
  readonly dns?: readonly string[] | undefined
  /** Mail addresses (RFC 822). */
  readonly email?: readonly string[] | undefined
  /** URIs, such as a SPIFFE id. */
  readonly uri?: readonly string[] | undefined
  /** IPv4 or IPv6 addresses in text. */
  readonly ip?: readonly string[] | undefined
  /** User principal names of Active Directory. */
  readonly upn?: readonly string[] | undefined
}

/** The content of a certificate to issue. */
export interface CertificateTemplate {
  readonly kind: 'ca' | 'client' | 'server'
  readonly subject: string
  readonly keyType?: KeyType | undefined
  readonly notBefore: Date
  readonly notAfter: Date
  readonly serialNumber?: string | undefined
  readonly san?: SubjectAltNames | undefined
  /** Names of RFC 5280 or object identifiers. An empty list omits the extension. */
  readonly extendedKeyUsage?: readonly string[] | undefined
}

/**
 * An issued certificate: the members in use of `X509Certificate` in `@peculiar/x509`. That library's types need the
 * types of the DOM, which a user of this package may not have.
 */
export interface IssuedCertificate {
  /** The DER. */
  readonly rawData: ArrayBuffer
  readonly subjectName: { toArrayBuffer(): ArrayBuffer }
  toString(format: 'pem'): string
}

/** A certificate and its key pair. */
export interface Identity {
  readonly certificate: IssuedCertificate
  readonly keys: webcrypto.CryptoKeyPair
}

/**
 * Issues a key pair and a certificate for it (RFC 5280).
 *
 * @param issuer - the signer. Without one the certificate signs itself.
 */
export async function issueCertificate(template: CertificateTemplate, issuer?: Identity): Promise<Identity> {
  const keys = await generateKeyPair(template.keyType ?? 'P-256')
  const subject = encodeName(template.subject)
  const signer = issuer?.keys ?? keys
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: template.serialNumber ?? randomSerial(),
    subject,
    issuer: issuer ? copyName(issuer.certificate.subjectName) : subject,
    notBefore: template.notBefore,
    notAfter: template.notAfter,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: { name: signer.privateKey.algorithm.name, hash: 'SHA-256' },
    extensions: await extensions(template, keys, signer),
  })
  return { certificate, keys }
}

/** 128 bits. The fixed first digit keeps the number positive and its text 32 digits long. */
function randomSerial(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`
}

async function extensions(
  { kind, san, extendedKeyUsage = [kind === 'client' ? 'clientAuth' : 'serverAuth'] }: CertificateTemplate,
  keys: webcrypto.CryptoKeyPair,
  signer: webcrypto.CryptoKeyPair,
): Promise<x509.Extension[]> {
  const list: x509.Extension[] = [
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    new x509.BasicConstraintsExtension(kind === 'ca', undefined, true),
  ]
  if (kind === 'ca') {
    list.push(new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true))
  } else {
    list.push(new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true))
    const purposes = extendedKeyUsage.map(resolvePurpose)
    if (purposes.length > 0) list.push(new x509.ExtendedKeyUsageExtension(purposes))
  }
  const names = generalNames(san)
  if (names.length > 0) list.push(new x509.SubjectAlternativeNameExtension(names))
  return list
}

function generalNames({
  dns = [],
  email = [],
  uri = [],
  ip = [],
  upn = [],
}: SubjectAltNames = {}): x509.JsonGeneralNames {
  return [
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...email.map((value) => ({ type: 'email' as const, value })),
    ...uri.map((value) => ({ type: 'url' as const, value })),
    ...ip.map((value) => ({ type: 'ip' as const, value })),
    ...upn.map((value) => ({ type: 'upn' as const, value })),
  ]
}
