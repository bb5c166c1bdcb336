import { type AttributeTypeAndValue, attributeTypeId, attributeTypeName } from '@countersign/wire'
import { DistinguishedName } from './distinguished-name.ts'

/**
 * Reads a distinguished name that an operator configured. It refuses a text that is a name by its grammar, but most
 * likely not the name of a certificate: a requirement with it would match nothing, and its negation everything.
 *
 * @throws SyntaxError whose message states the correction, with the name itself if it can be found
 * @example
 * ```ts
 * parseConfiguredName('C = US, O = Acme, CN = pay') // SyntaxError: …; write "CN=pay,O=Acme,C=US"
 * ```
 */
export function parseConfiguredName(text: string): DistinguishedName {
  const bare = text.replace(LABEL, '')
  const name = bare.startsWith('/') ? parseOneLine(bare) : DistinguishedName.parse(bare)
  // An empty name, for example from a blank variable, would match every certificate without a subject.
  if (name.rdns.length === 0) throw new SyntaxError('the name is empty')
  const attributes = name.rdns.flat()
  for (const attribute of attributes) requireLikely(attribute)
  const isReversed = rankOf(attributes[0]) < rankOf(attributes.at(-1))
  const proper = isReversed ? new DistinguishedName([...name.rdns].reverse()) : name
  if (isReversed) {
    throw new SyntaxError(`the name is in the order of OpenSSL's default output, most general first; write "${proper}"`)
  }
  if (bare !== text) throw new SyntaxError(`the text has a label; write "${proper}"`)
  return name
}

/** Before the name in the output of `openssl x509 -subject`, `-issuer`. */
const LABEL = /^\s*(?:subject|issuer)\s*=\s*/i

/** The form of old versions of OpenSSL. A value with a slash makes it ambiguous, so that it is only worth an advice. */
function parseOneLine(text: string): never {
  const attributes = text.slice(1).split(/\/(?=[A-Za-z0-9.]+=)/)
  let advice = 'in the form of RFC 4514, such as "CN=pay-1,O=Acme"'
  try {
    const rdns = attributes.toReversed().map((attribute) => {
      const at = attribute.indexOf('=')
      return [{ type: attributeTypeName(attribute.slice(0, at)), value: attribute.slice(at + 1) }]
    })
    if (rdns.flat().every(({ type }) => isKnownType(type))) advice = `"${new DistinguishedName(rdns)}"`
  } catch {
    // The text is not a name in this form either. The general advice covers it.
  }
  throw new SyntaxError(`the name is in a form with slashes, which is ambiguous; write ${advice}`)
}

function requireLikely({ type, value }: AttributeTypeAndValue): void {
  if (!isKnownType(type)) {
    throw new SyntaxError(`unknown attribute "${type}"; write a known name such as CN, or a dotted OID`)
  }
  // X.520 requires a character. A blank variable leaves none.
  if (value === '') throw new SyntaxError(`${type} is empty; write its value`)
  if (typeof value === 'string' && value.includes('*')) {
    throw new SyntaxError(
      `${type} contains "*", which is not a wildcard; write attributes instead, with a RegExp: { ${type}: /^…$/ }`,
    )
  }
}

/** The first arc is 0, 1 or 2, and the second one below 40 unless the first is 2 (ITU-T X.660, section 7.6). */
const OID = /^(?:[01]\.[1-3]?\d|2\.\d+)(?:\.\d+)*$/

/** Whether a type has an OID. OpenSSL knows more names than we do, but a configured name may well be a typing error. */
export function isKnownType(type: string): boolean {
  return OID.test(attributeTypeId(type))
}

const GENERAL = ['C', 'DC', 'jurisdictionC', 'countryCode3c', 'countryCode3n']
const PERSONAL = ['CN', 'UID', 'emailAddress', 'mail', 'serialNumber', 'SN', 'GN', 'pseudonym', 'dnQualifier']

/** Higher for a person or a machine than for a place. The most specific attribute is the first in RFC 4514. */
function rankOf(attribute: AttributeTypeAndValue | undefined): number {
  const type = attribute?.type ?? ''
  if (PERSONAL.includes(type)) return 2
  return GENERAL.includes(type) ? 0 : 1
}
