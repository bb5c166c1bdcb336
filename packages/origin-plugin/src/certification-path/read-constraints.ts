import { readKeyUsage } from '../x509/certificate-extension.ts'
import { readDerOid, TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'

/** The parts of a certificate that decide on its place in a certification path. */
export interface Constraints {
  /** `cA` of its basic constraints. */
  readonly isCa: boolean
  /** `pathLenConstraint` of its basic constraints; `Infinity` without one. */
  readonly pathLength: number
  /** The first eight bits of its key usage; all of them without the extension. */
  readonly keyUsage: number
  /** Whether its extended key usage contains `clientAuth`. True without the extension. */
  readonly allowsClients: boolean
  /** The extensions that would narrow its rights, and that the plugin does not enforce. */
  readonly unenforced: readonly string[]
  /** The OIDs of its critical extensions that the plugin does not understand. */
  readonly unknown: readonly string[]
  /** The AlgorithmIdentifier beside its signature, with tag and length. */
  readonly algorithm: Uint8Array
}

/** The bits of a key usage in its first byte (RFC 5280, section 4.2.1.3). */
export const KEY_USAGE_BITS = { DIGITAL_SIGNATURE: 0x80, KEY_AGREEMENT: 0x08, KEY_CERT_SIGN: 0x04 } as const

const EXTENSIONS = 0xa3
const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/**
 * Extensions whose whole meaning the plugin applies, or that cannot refuse a path: alternative names, key identifiers,
 * distribution points, and policies as long as none is required (RFC 5280, section 6.1, with any policy accepted).
 */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  '2.5.29.14',
  '2.5.29.17',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.35',
])

/** Extensions that narrow the rights of a CA. Ignored, they would give it more than its own issuer did. */
const NARROWING: ReadonlyMap<string, string> = new Map([
  ['2.5.29.30', 'name constraints'],
  ['2.5.29.36', 'policy constraints'],
])

const EVERY_USE = 0xff

interface Extension {
  readonly critical: boolean
  readonly value: Uint8Array
}

/**
 * Reads the constraints of a certificate.
 *
 * @param der - a certificate that `node:crypto` parsed before
 * @throws SyntaxError if a part cannot be read, or an extension is repeated
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2 RFC 5280, section 4.2}
 */
export function readConstraints(der: Uint8Array): Constraints {
  const outer = new DerCursor(der)
  outer.expect(TAG.SEQUENCE, 'the certificate')
  const parts = outer.inside()
  parts.expect(TAG.SEQUENCE, 'the signed part of the certificate')
  const extensions = readExtensionsOf(parts.inside())
  parts.expect(TAG.SEQUENCE, 'the signature algorithm of the certificate')
  const usage = extensions.get(KEY_USAGE)
  return {
    ...readBasicConstraints(extensions.get(BASIC_CONSTRAINTS)?.value),
    keyUsage: usage ? readKeyUsage(usage.value) : EVERY_USE,
    allowsClients: readPurposes(extensions.get(EXTENDED_KEY_USAGE)?.value)?.includes(CLIENT_AUTH) ?? true,
    unenforced: [...NARROWING].filter(([oid]) => extensions.has(oid)).map(([, name]) => name),
    unknown: [...extensions].filter(([oid, { critical }]) => critical && !isKnown(oid)).map(([oid]) => oid),
    algorithm: parts.encoded(),
  }
}

const isKnown = (oid: string) => UNDERSTOOD.has(oid) || NARROWING.has(oid)

function readExtensionsOf(fields: DerCursor): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  while (fields.next()) {
    if (fields.tag !== EXTENSIONS) continue
    const list = fields.inside()
    list.expect(TAG.SEQUENCE, 'the sequence of the extensions')
    for (const entries = list.inside(); entries.next(); ) {
      const [oid, extension] = readExtension(entries.inside())
      // Of two, another reader could use the other one.
      if (extensions.has(oid)) throw new SyntaxError(`the extension ${oid} is repeated`)
      extensions.set(oid, extension)
    }
  }
  return extensions
}

function readExtension(parts: DerCursor): [oid: string, extension: Extension] {
  parts.expect(TAG.OID, 'the OID of an extension')
  const oid = readOid(parts)
  parts.next()
  const hasFlag = parts.tag === TAG.BOOLEAN
  // Every other value than FALSE counts as TRUE: the reading that refuses more.
  const critical = hasFlag && parts.contents()[0] !== 0
  if (hasFlag) parts.next()
  if (parts.tag !== TAG.OCTET_STRING) throw new SyntaxError(`the extension ${oid} has no value`)
  return [oid, { critical, value: parts.contents() }]
}

function readOid(cursor: DerCursor): string {
  return readDerOid({ tag: cursor.tag, contents: cursor.contents(), encoded: cursor.encoded() })
}

/**
 * Reads basic constraints in DER alone. In another form, such as a flag without a byte, OpenSSL finds no CA, and with
 * a lax reading a client could issue certificates.
 */
function readBasicConstraints(value: Uint8Array | undefined): Pick<Constraints, 'isCa' | 'pathLength'> {
  if (!value) return { isCa: false, pathLength: Number.POSITIVE_INFINITY }
  const outer = new DerCursor(value)
  outer.expectLast(TAG.SEQUENCE, 'the value of BasicConstraints')
  const parts = outer.inside()
  let more = parts.next()
  const isCa = parts.tag === TAG.BOOLEAN && readFlag(parts.contents())
  if (parts.tag === TAG.BOOLEAN) more = parts.next()
  const pathLength = more ? readLength(parts) : Number.POSITIVE_INFINITY
  return { isCa, pathLength }
}

function readFlag({ length, [0]: byte }: Uint8Array): boolean {
  if (length !== 1 || (byte !== 0 && byte !== 0xff)) throw anotherForm()
  return byte === 0xff
}

/** Reads a number that is not negative, in its shortest form and in the last place. */
function readLength(parts: DerCursor): number {
  const bytes = parts.contents()
  const [first = 0x80, second = 0x80] = bytes
  if (parts.tag !== TAG.INTEGER || first >= 0x80 || (first === 0 && second < 0x80) || parts.next()) throw anotherForm()
  return bytes.reduce((length, byte) => length * 256 + byte, 0)
}

const anotherForm = () => new SyntaxError('the basic constraints have another form')

function readPurposes(value: Uint8Array | undefined): string[] | undefined {
  if (!value) return undefined
  const outer = new DerCursor(value)
  outer.expectLast(TAG.SEQUENCE, 'the value of ExtendedKeyUsage')
  const purposes: string[] = []
  for (const each = outer.inside(); each.next(); ) purposes.push(readOid(each))
  return purposes
}
