import { type AttributeTypeAndValue, parseDistinguishedName, type RelativeDistinguishedName } from '@countersign/wire'
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
  try {
    // RFC 4514 writes any value as #hex, so the parser that both ends share also decodes the string types.
    const [rdn] = parseDistinguishedName(`${oid}=#${Buffer.from(value.encoded).toString('hex')}`)
    const decoded = rdn?.[0]
    // OpenSSL prints a value as hexadecimal if it has no name for the type, even when the value is text.
    if (decoded && decoded.type !== oid) return decoded
  } catch {
    // The string contains characters that its type does not allow, so its text is undefined.
  }
  return { type: oid, value: value.encoded }
}

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
