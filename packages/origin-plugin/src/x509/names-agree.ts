import {
  type AttributeTypeAndValue,
  attributeTypeId,
  isAmbiguousType,
  isBerString,
  type RelativeDistinguishedName,
} from '@countersign/wire'
import type { DistinguishedName } from './distinguished-name.ts'

/**
 * Whether a name that OpenSSL printed can be that of the certificate: the same RDNs in the same order, with equal types
 * and values.
 *
 * OpenSSL knows more attribute types by name than we do, and prints text that the type of its string does not allow. Such
 * a type agrees with every type without a name, and such a value with every text. The certificate's own name is the one
 * to use.
 *
 * @param printed - the name in a header or a token
 * @param own - the name in the certificate
 */
export function namesAgree(printed: readonly RelativeDistinguishedName[], own: DistinguishedName): boolean {
  return printed.length === own.rdns.length && printed.every((rdn, at) => rdnsAgree(rdn, own.rdns[at] ?? []))
}

/** The attributes of an RDN are a set. The known types come first, because an unknown one can agree with several. */
function rdnsAgree(printed: RelativeDistinguishedName, own: RelativeDistinguishedName): boolean {
  if (printed.length !== own.length) return false
  // Nearly every RDN has one attribute.
  const [first, second] = printed
  if (first && !second) return attributesAgree(first, own[0] as AttributeTypeAndValue)
  const rest = [...own]
  const known = printed.filter(({ type }) => idsOf(type).length === 1)
  const others = printed.filter(({ type }) => idsOf(type).length !== 1)
  return [...known, ...others].every((attribute) => {
    const at = rest.findIndex((other) => attributesAgree(attribute, other))
    if (at >= 0) rest.splice(at, 1)
    return at >= 0
  })
}

function attributesAgree(printed: AttributeTypeAndValue, own: AttributeTypeAndValue): boolean {
  return typesAgree(printed.type, own.type) && valuesAgree(printed.value, own.value)
}

function typesAgree(printed: string, own: string): boolean {
  if (printed === own && !isAmbiguousType(printed)) return true
  const ids = idsOf(printed)
  return ids.length > 0 ? ids.includes(attributeTypeId(own)) : isNameless(own)
}

/** The OIDs that a printed type can mean: one, two for an ambiguous type, none for a name that only OpenSSL knows. */
function idsOf(type: string): readonly string[] {
  if (isAmbiguousType(type)) return type === 'uid' ? UID : MAIL
  const id = attributeTypeId(type)
  return isOid(id) ? [id] : []
}

const UID = [attributeTypeId('UID'), attributeTypeId('uniqueIdentifier')]
/** OpenSSL's `Mail` is an arc of the Internet's OIDs. */
const MAIL = [attributeTypeId('mail'), '1.3.6.1.7']

/** Whether we have no name for a type: the OID of a certificate, or a name that only OpenSSL knows. */
function isNameless(type: string): boolean {
  return isOid(type) || !isOid(attributeTypeId(type))
}

const isOid = (text: string) => /^\d/.test(text)

function valuesAgree(printed: string | Uint8Array, own: string | Uint8Array): boolean {
  if (typeof own === 'string') return printed === own
  if (typeof printed !== 'string') return Buffer.from(printed).equals(own)
  return isBerString(own)
}
