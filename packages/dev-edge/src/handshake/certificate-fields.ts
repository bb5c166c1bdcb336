import {
  type AttributeTypeAndValue,
  attributeTypeName,
  decodeBerString,
  type RelativeDistinguishedName,
} from '@countersign/wire'
import { type DerValue, readDer, readDerChildren, readObjectIdentifier } from './der.ts'

/** Fields of a certificate that `node:crypto` omits or formats ambiguously. */
export interface CertificateFields {
  /** The bytes of the serial number in the certificate. A zero byte precedes a high first bit. */
  readonly serialNumber: Uint8Array
  /** Most specific RDN last, as in the certificate. */
  readonly issuer: readonly RelativeDistinguishedName[]
  readonly subject: readonly RelativeDistinguishedName[]
  /** Empty if the certificate has no such extension. */
  readonly subjectKeyId: Uint8Array
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const EXTENSIONS_TAG = 0xa3
const VERSION_TAG = 0xa0

/**
 * Reads a certificate's names, serial number and key identifier (RFC 5280, section 4.1).
 *
 * @param der - a certificate that OpenSSL has parsed
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const [tbs] = readDerChildren(readDer(der))
  const fields = tbs ? readDerChildren(tbs) : []
  const extensions = fields.find((field) => field.tag === EXTENSIONS_TAG)
  if (fields[0]?.tag === VERSION_TAG) fields.shift()
  const [serialNumber, , issuer, , subject] = fields
  if (!serialNumber || !issuer || !subject) throw new RangeError('a certificate has a serial number and two names')
  return {
    serialNumber: serialNumber.contents,
    issuer: readName(issuer),
    subject: readName(subject),
    subjectKeyId: extensions ? readSubjectKeyId(extensions) : new Uint8Array(),
  }
}

function readName(name: DerValue): RelativeDistinguishedName[] {
  return readDerChildren(name).map((rdn) => readDerChildren(rdn).map(readAttribute))
}

function readAttribute(attribute: DerValue): AttributeTypeAndValue {
  const [type, value] = readDerChildren(attribute)
  if (!type || !value) throw new RangeError('an attribute has a type and a value')
  const oid = readObjectIdentifier(type)
  const name = attributeTypeName(oid)
  // OpenSSL prints a value as hexadecimal if it has no name for the type, even when the value is text.
  if (name === oid) return { type: oid, value: value.encoded }
  const decoded = decodeBerString(value.encoded)
  if (typeof decoded === 'string' || !LATIN1_TAGS.has(value.tag)) return { type: name, value: decoded }
  return { type: name, value: Buffer.from(value.contents).toString('latin1') }
}

/** The types that OpenSSL prints as Latin-1, although they allow less: NumericString, PrintableString and IA5String. */
const LATIN1_TAGS: ReadonlySet<number> = new Set([0x12, 0x13, 0x16])

function readSubjectKeyId(extensions: DerValue): Uint8Array {
  const [list] = readDerChildren(extensions)
  for (const extension of list ? readDerChildren(list) : []) {
    const parts = readDerChildren(extension)
    const [id] = parts
    const value = parts.at(-1)
    if (!id || !value || readObjectIdentifier(id) !== SUBJECT_KEY_IDENTIFIER) continue
    return readDer(value.contents).contents
  }
  return new Uint8Array()
}
