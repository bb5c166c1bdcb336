import { namesOf, refuseUnknown } from '../known-names.ts'
import { type Identity, issueCertificate, type SubjectAltNames } from './issue-certificate.ts'
import { formatPrivateKey, type KeyType } from './key-pair.ts'
import { type Authorities, daysFromNow } from './pki.ts'

/**
 * A client with its certificate, in the form that `node:tls`, curl (`--cert`, `--key`) and openssl read.
 *
 * @example
 * ```ts
 * const { cert, key }: DevClient = edge.clients.alice
 * ```
 */
export interface DevClient {
  /** Its name in {@link DevEdge.clients}. */
  readonly name: string
  /** PEM: the client's certificate first, then the intermediates that it sends in the handshake. */
  readonly cert: string
  /** PEM: the private key (PKCS #8). */
  readonly key: string
  /** PEM: these intermediates alone. Absent if the client sends none. */
  readonly ca?: string
}

/**
 * Options of {@link DevEdge.issueClient}.
 *
 * @example
 * ```ts
 * const options: IssueClientOptions = { name: 'pay-1', subject: 'CN=pay-1,O=Acme' }
 * const client = await edge.issueClient(options)
 * ```
 */
export interface IssueClientOptions {
  /** A name for the client. The default is `client`. */
  readonly name?: string | undefined
  /** The subject in RFC 4514 text, most specific RDN first. The default is `CN=<name>,O=Acme`. */
  readonly subject?: string | undefined
  /** The default is `P-256`. */
  readonly keyType?: KeyType | undefined
  /** Start of the validity. The default is a day ago. */
  readonly notBefore?: Date | undefined
  /** End of the validity. The default is in 90 days. */
  readonly notAfter?: Date | undefined
  /** The serial number in hexadecimal. The default is 128 random bits. */
  readonly serialNumber?: string | undefined
  /** Subject alternative names. The default is none. */
  readonly san?: SubjectAltNames | undefined
  /**
   * The purposes of the key: names of RFC 5280, or object identifiers. The default is `clientAuth`. An empty list omits
   * the extension. The edge reports `FAILED` for a certificate that has purposes, but not `clientAuth`.
   */
  readonly extendedKeyUsage?: readonly string[] | undefined
  /**
   * The issuer. `ca` (the default) is the CA that the edge verifies, `intermediate` a CA below it. The edge does not
   * know `other` and `other-intermediate`. `self` makes the certificate sign itself. The client sends intermediates in
   * the handshake.
   */
  readonly issuer?: 'ca' | 'intermediate' | 'other' | 'other-intermediate' | 'self' | undefined
}

/** The names of {@link IssueClientOptions}. The compiler refuses a record that misses one. */
export const CLIENT_OPTIONS: Readonly<Record<keyof IssueClientOptions, true>> = {
  name: true,
  subject: true,
  keyType: true,
  notBefore: true,
  notAfter: true,
  serialNumber: true,
  san: true,
  extendedKeyUsage: true,
  issuer: true,
}
const OPTIONS = namesOf<IssueClientOptions>(CLIENT_OPTIONS)
const SAN = namesOf<SubjectAltNames>({ dns: true, email: true, uri: true, ip: true, upn: true })

/**
 * Issues a certificate for a client.
 *
 * @throws TypeError for an unknown option, whose message lists the known ones, and for a date that is none
 */
export async function issueClient(authorities: Authorities, options: IssueClientOptions = {}): Promise<DevClient> {
  refuseUnknown(options, OPTIONS)
  refuseUnknown(options.san ?? {}, SAN, 'san')
  for (const date of ['notBefore', 'notAfter'] as const) {
    if (options[date] !== undefined && !isDate(options[date])) throw new TypeError(`${date} must be a valid Date`)
  }
  const { name = 'client', issuer = 'ca' } = options
  const signer = resolveIssuer(authorities, issuer)
  const { certificate, keys } = await issueCertificate(
    {
      kind: 'client',
      subject: options.subject ?? `CN=${name},O=Acme`,
      keyType: options.keyType,
      notBefore: options.notBefore ?? daysFromNow(-1),
      notAfter: options.notAfter ?? daysFromNow(90),
      serialNumber: options.serialNumber,
      san: options.san,
      extendedKeyUsage: options.extendedKeyUsage,
    },
    signer,
  )
  const leaf = toPem(certificate)
  const key = formatPrivateKey(keys.privateKey)
  if (!signer || !issuer.endsWith('intermediate')) return { name, cert: leaf, key }
  const ca = toPem(signer.certificate)
  return { name, cert: leaf + ca, key, ca }
}

const isDate = (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime())

function resolveIssuer(
  authorities: Authorities,
  issuer: NonNullable<IssueClientOptions['issuer']>,
): Identity | undefined {
  switch (issuer) {
    case 'ca':
      return authorities.ca
    case 'intermediate':
      return authorities.intermediate
    case 'other':
      return authorities.other
    case 'other-intermediate':
      return authorities.otherIntermediate
    case 'self':
      return undefined
    default:
      throw new TypeError('issuer must be "ca", "intermediate", "other", "other-intermediate" or "self"')
  }
}

/** Formats a certificate in PEM, with a final line feed so that several can be joined. */
export function toPem(certificate: Identity['certificate']): string {
  return `${certificate.toString('pem').trim()}\n`
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g

/** Returns the certificates of a PEM text one by one, in their order. */
export function splitPem(text: string): string[] {
  return text.match(CERTIFICATE) ?? []
}
