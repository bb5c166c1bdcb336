import { type AttributeTypeAndValue, attributeTypeName, decodeBerString } from '@countersign/wire'
import { type CertificateParts, readCertificateParts } from './certificate-parts.ts'
import { type DerValue, readOrUndefined, TAG } from './der.ts'
import { DerCursor } from './der-cursor.ts'
import { readDerOid } from './der-oid.ts'
import { DistinguishedName } from './distinguished-name.ts'
import { formatIpAddress } from './ip-address.ts'
import { findIssuerName } from './issuer-name.ts'

/**
 * The subject alternative names of a certificate, by kind (RFC 5280, section 4.2.1.6).
 *
 * @example
 * ```ts
 * const hosts = ({ dns, ip }: SubjectAltNames) => [...dns, ...ip]
 * ```
 */
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

/** The names of a certificate that every request needs. */
export interface MainNames {
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Subject key identifier in upper-case hexadecimal, if the certificate has one (RFC 5280, section 4.2.1.2). */
  readonly subjectKeyId: string | undefined
}

/** Every name in a certificate. */
export interface CertificateNames extends MainNames {
  readonly subjectAltNames: SubjectAltNames
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
export function readNames(parts: CertificateParts): CertificateNames {
  const { subject, issuer, subjectKeyId } = readMainNames(parts)
  return { subject, issuer, subjectKeyId, subjectAltNames: readAltNames(parts) }
}

/**
 * Does the same without the subject alternative names.
 *
 * @throws SyntaxError if a name cannot be read
 */
export function readMainNames({ issuer, subject, extensions }: CertificateParts): MainNames {
  return {
    subject: readName(subject),
    issuer: findIssuerName(issuer, readName),
    subjectKeyId: readSubjectKeyId(extensions.get(SUBJECT_KEY_ID)?.value),
  }
}

/** Reads the subject alternative names. Those that cannot be read are marked. */
export function readAltNames({ extensions }: Pick<CertificateParts, 'extensions'>): SubjectAltNames {
  return readSubjectAltNames(extensions.get(SUBJECT_ALT_NAME)?.value)
}

/** In one RDN. Each is compared with every other one, and a name of 900 took 100 ms. RDNs in use have two or three. */
const MAX_ATTRIBUTES = 32

/**
 * Reads a Name. DER has the most general RDN first, and RFC 4514 writes the most specific one first (section 2.1).
 *
 * @throws SyntaxError if the value is not a Name
 */
export function readName(name: DerValue | undefined): DistinguishedName {
  if (name?.tag !== TAG.SEQUENCE) throw new SyntaxError('a name is not a sequence')
  const rdns: AttributeTypeAndValue[][] = []
  for (const rdn = lenientCursor(name.contents); rdn.next(); ) rdns.push(readRdn(rdn))
  return new DistinguishedName(rdns.reverse())
}

function readRdn(rdn: DerCursor): AttributeTypeAndValue[] {
  requireTag(rdn, TAG.SET, 'an RDN is not a set')
  const attributes: AttributeTypeAndValue[] = []
  for (const each = rdn.inside(); each.next(); ) {
    if (attributes.length === MAX_ATTRIBUTES) {
      throw new SyntaxError(`an RDN has more than ${MAX_ATTRIBUTES} attributes`)
    }
    attributes.push(readAttribute(each))
  }
  return attributes
}

function readAttribute(attribute: DerCursor): AttributeTypeAndValue {
  requireTag(attribute, TAG.SEQUENCE, 'an attribute is not a sequence')
  const parts = attribute.inside()
  parts.next()
  const type = attributeTypeName(readDerOid(parts))
  if (!parts.next()) throw new SyntaxError('an attribute has no value')
  const value = asciiText(parts) ?? decodeBerString(parts.encoded())
  requireReadable(parts)
  return { type, value }
}

/** The tags of UTF8String, NumericString, PrintableString, TeletexString, IA5String and VisibleString. */
const ASCII_STRINGS: readonly number[] = [0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a]

/**
 * Fast path of {@link decodeBerString}: a string of these types in ASCII is its bytes. It takes 0.12 µs, and the
 * decoder 0.27 with the object for its bytes.
 */
function asciiText(value: DerCursor): string | undefined {
  const isShort = value.start - value.from === 2
  return isShort && ASCII_STRINGS.includes(value.tag) && value.isAscii() ? value.latin1() : undefined
}

/** OpenSSL accepts such certificates, and the names do not become ambiguous by their lengths. */
const lenientCursor = (bytes: Uint8Array) => new DerCursor(bytes, true)

function requireTag(value: DerCursor, tag: number, fault: string): void {
  if (value.tag !== tag) throw new SyntaxError(fault)
}

/** Moves behind the last value. */
function requireReadable(values: DerCursor): void {
  while (values.next());
}

/** The first value of an extension. Values behind it are ignored, but must be readable. */
function firstValue(extension: Uint8Array): DerCursor {
  const values = lenientCursor(extension)
  requireReadable(values)
  values.enter(0, extension.length)
  values.next()
  return values
}

const SUBJECT_KEY_ID = '2.5.29.14'
const SUBJECT_ALT_NAME = '2.5.29.17'

/** One that cannot be read counts as absent: the requirement `keyId` is then undecided. */
function readSubjectKeyId(extension: Uint8Array | undefined): string | undefined {
  const value = extension && readOrUndefined(() => firstValue(extension))
  return value?.tag === TAG.OCTET_STRING ? value.hex() : undefined
}

/** Reads a name; `null` for one of no kind. */
type KindReader = readonly [kind: SubjectAltNameKind, read: (name: DerCursor) => string | null]
const KINDS: ReadonlyMap<number, KindReader> = new Map<number, KindReader>([
  [0x81, ['email', readAscii]],
  [0x82, ['dns', (name) => readAscii(name).toLowerCase()]],
  [0x86, ['uri', readAscii]],
  [0x87, ['ip', (name) => formatIpAddress(name.contents())]],
  [0xa0, ['upn', readPrincipalName]],
])

/**
 * Cloudflare verifies certificates with names that cannot be read, and most routes ask for none of them. They are
 * therefore marked, and not a fault of the whole certificate.
 */
function readSubjectAltNames(extension: Uint8Array | undefined): SubjectAltNames {
  const none = { dns: [], email: [], uri: [], ip: [], upn: [] }
  if (!extension) return { ...none, unread: [] }
  return (
    readOrUndefined(() => readGeneralNames(firstValue(extension))) ?? {
      ...none,
      unread: Array.from(KINDS.values(), ([kind]) => kind),
    }
  )
}

function readGeneralNames(list: DerCursor): SubjectAltNames {
  requireTag(list, TAG.SEQUENCE, 'the alternative names are not a sequence')
  const names: Record<SubjectAltNameKind, string[]> = { dns: [], email: [], uri: [], ip: [], upn: [] }
  const unread = new Set<SubjectAltNameKind>()
  for (const each = list.inside(); each.next(); ) {
    const [kind, read] = KINDS.get(each.tag) ?? []
    if (!kind || !read) continue
    const name = readOrUndefined(() => read(each))
    if (name === undefined) unread.add(kind)
    else if (name !== null) names[kind].push(name)
  }
  return { ...names, unread: [...unread] }
}

const EXPLICIT_0 = 0xa0
/** Microsoft's type of an otherName that names a user: `[0] UTF8String` after this OID. */
const USER_PRINCIPAL_NAME = '1.3.6.1.4.1.311.20.2.3'

function readPrincipalName(otherName: DerCursor): string | null {
  const parts = otherName.inside()
  parts.next()
  const type = readDerOid(parts)
  parts.next()
  const explicit = parts.inside()
  const { tag } = parts
  requireReadable(parts)
  if (type !== USER_PRINCIPAL_NAME) return null
  if (tag !== EXPLICIT_0) throw new SyntaxError('a user principal name has another tag')
  explicit.next()
  const text = explicit.tag === TAG.UTF8_STRING ? decodeBerString(explicit.encoded()) : undefined
  requireReadable(explicit)
  if (typeof text !== 'string') throw new SyntaxError('a user principal name is not a UTF8String')
  return text
}

function readAscii(name: DerCursor): string {
  if (!name.isAscii()) throw new SyntaxError('an alternative name is not ASCII')
  return name.latin1()
}
