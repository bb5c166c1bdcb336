import {
  type AttributeTypeAndValue,
  attributeTypeId,
  isAmbiguousType,
  isBerString,
  type RelativeDistinguishedName,
} from '@countersign/wire'
import type { DistinguishedName } from '../x509/distinguished-name.ts'

/**
 * Whether a name that OpenSSL printed can be that of the certificate: the same RDNs in the same order, with equal types
 * and values.
 *
 * OpenSSL knows more attribute types by name than we do, and prints text that the type of its string does not allow. Such
 * a part of the printed name agrees with every type or every text. The certificate's own name is the one to use.
 *
 * @param printed - the name in a header
 * @param own - the name in the certificate
 */
export function namesAgree(printed: readonly RelativeDistinguishedName[], own: DistinguishedName): boolean {
  return printed.length === own.rdns.length && printed.every((rdn, at) => rdnsAgree(rdn, own.rdns[at] ?? []))
}

/** The attributes of an RDN are a set. The known types come first, because an unknown one can agree with several. */
function rdnsAgree(printed: RelativeDistinguishedName, own: RelativeDistinguishedName): boolean {
  if (printed.length !== own.length) return false
  const rest = [...own]
  const known = printed.filter(({ type }) => isKnown(type))
  const unknown = printed.filter(({ type }) => !isKnown(type))
  return [...known, ...unknown].every((attribute) => {
    const at = rest.findIndex((other) => attributesAgree(attribute, other))
    if (at >= 0) rest.splice(at, 1)
    return at >= 0
  })
}

function attributesAgree(printed: AttributeTypeAndValue, own: AttributeTypeAndValue): boolean {
  if (isKnown(printed.type) && attributeTypeId(printed.type) !== attributeTypeId(own.type)) return false
  return valuesAgree(printed.value, own.value)
}

/** Whether the type is a name in our table, or an OID. */
function isKnown(type: string): boolean {
  return !isAmbiguousType(type) && /^\d/.test(attributeTypeId(type))
}

function valuesAgree(printed: string | Uint8Array, own: string | Uint8Array): boolean {
  if (typeof own === 'string') return printed === own
  if (typeof printed !== 'string') return Buffer.from(printed).equals(own)
  return isBerString(own)
}
