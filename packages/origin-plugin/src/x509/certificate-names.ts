import { attributeTypeName, decodeBerString } from '@countersign/wire'
import { type CertificateParts, readCertificateParts } from './certificate-parts.ts'
import { type DerValue, readDerChildren, readDerOid, readDerValues, readOrUndefined, TAG } from './der.ts'
import { DistinguishedName } from './distinguished-name.ts'
import { formatIpAddress } from './ip-address.ts'

/** The subject alternative names of a certificate, by kind (RFC 5280, section 4.2.1.6). */
export interface SubjectAltNames {
  /** Host names, in lower case. */
  readonly dns: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
  /** IP addresses in their shortest text form (RFC 5952). */
  readonly ip: readonly string[]
  /** User principal names of Active Directory, from names of the kind otherName. */
  readonly upn: readonly string[]
  /**
   * The kinds of which the certificate has a name that cannot be read: text that is not ASCII, an address that does
   * not have 4 or 16 bytes, or a user principal name that is not a UTF8String. A requirement on such a kind is undecided, unless another name matches.
   */
  readonly unread: readonly SubjectAltNameKind[]
}

/** A kind of subject alternative name. */
export type SubjectAltNameKind = 'dns' | 'email' | 'uri' | 'ip' | 'upn'

/** Every name in a certificate. */
export interface CertificateNames {
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly subjectAltNames: SubjectAltNames
  /** Subject key identifier in upper-case hexadecimal, if the certificate has one (RFC 5280, section 4.2.1.2). */
  readonly subjectKeyId: string | undefined
}

/**
 * Reads the names of a certificate from its DER. Only DER is unambiguous: every text form loses the string types, and
 * OpenSSL's one-line form also loses the borders between attributes.
 *
 * @param der - a certificate that `node:crypto` parsed before
 * @throws SyntaxError if a name cannot be read
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280, section 4.1}
 */
export function readCertificateNames(der: Uint8Array): CertificateNames {
  return readNames(readCertificateParts(der))
}

/**
 * Does the same for a certificate that was split into its parts before.
 *
 * @throws SyntaxError if a name cannot be read
 */
export function readNames({ issuer, subject, extensions }: CertificateParts): CertificateNames {
  return {
    subject: readName(subject),
    issuer: readName(issuer),
    subjectAltNames: readSubjectAltNames(extensions.get(SUBJECT_ALT_NAME)?.value),
    subjectKeyId: readSubjectKeyId(extensions.get(SUBJECT_KEY_ID)?.value),
  }
}

/** In one RDN. Each is compared with every other one, and a name of 900 took 100 ms. RDNs in use have two or three. */
const MAX_ATTRIBUTES = 32

/**
 * Reads a Name. DER has the most general RDN first, and RFC 4514 writes the most specific one first (section 2.1).
 *
 * @throws SyntaxError if the value is not a Name
 */
export function readName(name: DerValue | undefined): DistinguishedName {
  const rdns = readDerChildren(name, TAG.SEQUENCE).map(readRdn)
  return new DistinguishedName(rdns.reverse())
}

function readRdn(rdn: DerValue) {
  const attributes = readDerChildren(rdn, TAG.SET)
  if (attributes.length > MAX_ATTRIBUTES) throw new SyntaxError(`an RDN has more than ${MAX_ATTRIBUTES} attributes`)
  return attributes.map(readAttribute)
}

function readAttribute(attribute: DerValue) {
  const [type, value] = readDerChildren(attribute, TAG.SEQUENCE)
  if (!value) throw new SyntaxError('an attribute has no value')
  return { type: attributeTypeName(readDerOid(type)), value: decodeBerString(value.encoded) }
}

const SUBJECT_KEY_ID = '2.5.29.14'
const SUBJECT_ALT_NAME = '2.5.29.17'

/** One that cannot be read counts as absent: the requirement `keyId` is then undecided. */
function readSubjectKeyId(extension: Uint8Array | undefined): string | undefined {
  const value = extension && readOrUndefined(() => readDerValues(extension)[0])
  return value?.tag === TAG.OCTET_STRING ? Buffer.from(value.contents).toString('hex').toUpperCase() : undefined
}

/** Reads a name; `null` for one of no kind. */
type KindReader = readonly [kind: SubjectAltNameKind, read: (bytes: Uint8Array) => string | null]
const KINDS: ReadonlyMap<number, KindReader> = new Map<number, KindReader>([
  [0x81, ['email', readAscii]],
  [0x82, ['dns', (bytes) => readAscii(bytes).toLowerCase()]],
  [0x86, ['uri', readAscii]],
  [0x87, ['ip', formatIpAddress]],
  [0xa0, ['upn', readPrincipalName]],
])

/**
 * Cloudflare verifies certificates with names that cannot be read, and most routes ask for none of them. They are
 * therefore marked, and not a fault of the whole certificate.
 */
function readSubjectAltNames(extension: Uint8Array | undefined): SubjectAltNames {
  const names: Record<SubjectAltNameKind, string[]> = { dns: [], email: [], uri: [], ip: [], upn: [] }
  const generalNames = extension
    ? readOrUndefined(() => readDerChildren(readDerValues(extension)[0], TAG.SEQUENCE))
    : []
  if (!generalNames) return { ...names, unread: Array.from(KINDS.values(), ([kind]) => kind) }
  const unread = new Set<SubjectAltNameKind>()
  for (const { tag, contents } of generalNames) {
    const [kind, read] = KINDS.get(tag) ?? []
    if (!kind || !read) continue
    const name = readOrUndefined(() => read(contents))
    if (name === undefined) unread.add(kind)
    else if (name !== null) names[kind].push(name)
  }
  return { ...names, unread: [...unread] }
}

const EXPLICIT_0 = 0xa0
/** Microsoft's type of an otherName that names a user: `[0] UTF8String` after this OID. */
const USER_PRINCIPAL_NAME = '1.3.6.1.4.1.311.20.2.3'

function readPrincipalName(otherName: Uint8Array): string | null {
  const [type, explicit] = readDerValues(otherName)
  if (readDerOid(type) !== USER_PRINCIPAL_NAME) return null
  const [value] = readDerChildren(explicit, EXPLICIT_0)
  const text = value?.tag === TAG.UTF8_STRING ? decodeBerString(value.encoded) : undefined
  if (typeof text !== 'string') throw new SyntaxError('a user principal name is not a UTF8String')
  return text
}

function readAscii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) throw new SyntaxError('an alternative name is not ASCII')
  return Buffer.from(bytes).toString('latin1')
}
