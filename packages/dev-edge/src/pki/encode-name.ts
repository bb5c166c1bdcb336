import { type AttributeTypeAndValue, attributeTypeId, parseDistinguishedName } from '@countersign/wire'
import { type JsonNameParams, Name } from './peculiar-x509.ts'

const COUNTRY = '2.5.4.6'
const DOMAIN_COMPONENT = '0.9.2342.19200300.100.1.25'
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1'

/**
 * Builds an X.509 name from text.
 *
 * @param text - RFC 4514, most specific RDN first. The certificate has the opposite order.
 * @throws SyntaxError if the text is not a distinguished name
 * @throws TypeError if the object identifier of a type is unknown
 */
export function encodeName(text: string): Name {
  const rdns = parseDistinguishedName(text).toReversed()
  return new Name(rdns.map((rdn) => encodeRdn(rdn)) as JsonNameParams)
}

/** Copies the subject of an issuer, byte for byte, into a certificate or a list that it signs. */
export function copyName(name: { toArrayBuffer(): ArrayBuffer }): Name {
  return new Name(name.toArrayBuffer())
}

function encodeRdn(rdn: readonly AttributeTypeAndValue[]): Record<string, unknown[]> {
  const attributes: Record<string, unknown[]> = {}
  for (const { type, value } of rdn) {
    const oid = attributeTypeId(type)
    if (!oid.includes('.')) throw new TypeError(`the attribute type "${type}" is unknown; write its dotted OID`)
    attributes[oid] = [...(attributes[oid] ?? []), encodeValue(oid, value)]
  }
  return attributes
}

/** Chooses the string type of RFC 5280, appendix A. All other values are UTF8String, as by OpenSSL's defaults. */
function encodeValue(oid: string, value: string | Uint8Array): unknown {
  if (typeof value !== 'string') return `#${Buffer.from(value).toString('hex')}`
  if (oid === COUNTRY) return { printableString: value }
  if (oid === DOMAIN_COMPONENT || oid === EMAIL_ADDRESS) return { ia5String: value }
  return { utf8String: value }
}
