import { isAscii, isUtf8 } from 'node:buffer'
import { attributeTypeId, attributeTypeName, isBerString } from '@countersign/wire'
import { isKnownType, parseConfiguredName } from '../../x509/configured-name.ts'
import { DistinguishedName } from '../../x509/distinguished-name.ts'
import { likenessKey } from '../../x509/name-likeness.ts'
import { allGuards, type Decision, type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { readProperties } from '../read-properties.ts'
import type { AttributeMatch, NameMatch, TextMatch } from '../requirement.ts'
import { PLAIN, type TextComparison } from '../text-comparison.ts'
import { compileTextMatch, describeEmpty, describeTextMatch } from '../text-match.ts'

/**
 * Compiles the requirement on a name of the certificate.
 *
 * @param which - the name
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 */
export function nameGuard(which: 'subject' | 'issuer', match: NameMatch, where: string): Guard {
  if (isWholeName(match) || Array.isArray(match)) return wholeNameGuard(which, [match].flat(), where)
  if (match instanceof RegExp || typeof match !== 'object' || match === null) {
    throw new TypeError(`${where} must be a name such as "CN=pay-1,O=Acme", or attributes such as { CN: "pay-1" }`)
  }
  const entries = Object.entries(match as Record<string, AttributeMatch>)
  if (entries.length === 0) throw new TypeError(`${where} is empty; write an attribute such as { CN: "pay-1" }`)
  const guards = entries.map(([type, value]) => attributeGuard(which, type, value, where))
  requireOnce(
    entries.map(([type]) => type),
    where,
  )
  return allGuards(guards)
}

/** `CN` and `cn` are one attribute, whose one value cannot match two requirements. The negation would admit everybody. */
function requireOnce(types: readonly string[], where: string): void {
  const ids = types.map(attributeTypeId)
  const repeated = types.find((_type, at) => ids.indexOf(ids[at] as string) < at)
  if (repeated === undefined) return
  throw new TypeError(
    `${where}.${repeated} is an attribute that is listed twice; write one list of values, or combine requirements with anyOf() or allOf()`,
  )
}

const isWholeName = (match: unknown) => typeof match === 'string' || match instanceof DistinguishedName

/** Every RDN must agree, in order. */
function wholeNameGuard(which: 'subject' | 'issuer', match: readonly unknown[], where: string): Guard {
  if (match.length === 0 || !match.every((name) => isWholeName(name) && name !== '')) {
    throw new TypeError(
      `${where} must be a name such as "CN=pay-1,O=Acme", or a list of names${describeEmpty(match.length === 1 ? match[0] : match)}`,
    )
  }
  const names = match.map((name) => (name instanceof DistinguishedName ? name : parseName(String(name), where)))
  const accepted = new Set(names.map((name) => name.key))
  const alike = new Set(names.map(likenessKey))
  const expected = describeTextMatch(names.map(String))
  const other = mismatch(`${which} does not match: ${expected}`)
  const doubt = undecided(
    `${which} differs from ${expected} only in its order, letter case, spaces or unseen characters`,
  )
  const unknown = undecided(`${which} has an attribute of an unknown type, or text that cannot be read`)
  return {
    description: `${which} is ${expected}`,
    decide(cert) {
      const name = cert[which]
      if (accepted.has(name.key)) return MATCH
      if (alike.has(likenessKey(name))) return doubt
      return hasUnknownType(name) || hasUnreadableText(name) ? unknown : other
    },
  }
}

function parseName(text: string, where: string): DistinguishedName {
  try {
    return parseConfiguredName(text)
  } catch (error) {
    throw new TypeError(`${where}: "${text}": ${(error as Error).message}`)
  }
}

function attributeGuard(which: 'subject' | 'issuer', type: string, match: AttributeMatch, where: string): Guard {
  const name = attributeName(type, where)
  const id = attributeTypeId(name)
  const { texts, isAny } = readQuantifier(match, `${where}.${type}`)
  const test = compileTextMatch(texts, `${where}.${type}`, attributeComparison(id))
  const expected = `${isAny ? 'some ' : ''}${name}=${describeTextMatch(texts)}`
  const other = mismatch(`${which} does not match: ${expected}`)
  const repeated = undecided(`${which} ${name} occurs more than once`)
  const notText = undecided(`${which} ${name} is not text`)
  const alike = undecided(`${which} differs from ${expected} only in letter case, spaces or unseen characters`)
  const disguise = undecided(`${which} has an attribute without a known OID, which may be ${name}`)

  function decideValue(value: string | Uint8Array): Decision {
    if (typeof value !== 'string') return notText
    const outcome = test(value)
    return outcome === 'match' ? MATCH : outcome === 'undecided' ? alike : other
  }

  return {
    description: `${which} ${expected}`,
    decide(cert) {
      const values = cert[which].getAll(id)
      if (values.length > 1 && !isAny) return repeated
      const decisions = values.map(decideValue)
      if (decisions.includes(MATCH)) return MATCH
      const doubt = decisions.find(({ outcome }) => outcome === 'undecided')
      // A header has OpenSSL's attribute names, and OpenSSL knows more than we do. A deny list by OID must not miss
      // those.
      return doubt ?? (isUnnamed(name) && hasUnknownType(cert[which]) ? disguise : other)
    },
  }
}

/** `{ some: … }` accepts an attribute that occurs several times, if one of its values matches. */
function readQuantifier(match: AttributeMatch, where: string): { texts: TextMatch; isAny: boolean } {
  if (typeof match !== 'object' || match === null || Array.isArray(match) || match instanceof RegExp) {
    return { texts: match as TextMatch, isAny: false }
  }
  const [[, texts] = []] = readProperties(match, ['some'], where)
  return { texts: texts as TextMatch, isAny: true }
}

/** The texts of an attribute are its values. In a requirement, an escape, a quote or the type itself is a mistake. */
function attributeComparison(id: string): TextComparison {
  return {
    ...PLAIN,
    parse(text) {
      if (!text.isWellFormed()) throw new SyntaxError('half of a surrogate pair, which no certificate contains')
      const value = decodeEscapes(text.replace(/^"(.*)"$/s, '$1').replace(/\\(?=[ ,+"<>;=#])/g, ''))
      const [, type = '', rest = ''] = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.+)$/s.exec(value) ?? []
      const bare = type !== '' && attributeTypeId(type) === id ? rest : value
      if (bare === text) return text
      throw new SyntaxError(`quotation marks, backslashes or the type do not belong to the value; write "${bare}"`)
    },
  }
}

/** Decodes the escapes of letters that are not ASCII, as OpenSSL prints them. Others can be a part of the value: `CORP\ad`. */
function decodeEscapes(text: string): string {
  return text.replace(/(?:\\[0-9A-Fa-f]{2})+/g, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll('\\', ''), 'hex')
    return isUtf8(bytes) && !isAscii(bytes) ? bytes.toString() : escapes
  })
}

const isUnnamed = (type: string) => type === attributeTypeId(type)

function hasUnknownType({ rdns }: DistinguishedName): boolean {
  return rdns.flat().some(({ type }) => !isKnownType(type))
}

/** Whether the name has a string with characters that its type does not allow, which two readers read differently. */
function hasUnreadableText({ rdns }: DistinguishedName): boolean {
  return rdns.flat().some(({ value }) => typeof value !== 'string' && isBerString(value))
}

/**
 * A certificate's text may contain unknown attribute names. In a requirement such a name is a typo: `CNN` would match
 * nothing, and its negation everything.
 */
function attributeName(type: string, where: string): string {
  try {
    if (isKnownType(type)) return attributeTypeName(type)
  } catch {
    // The text does not even have the form of an attribute name. The error below covers it.
  }
  throw new TypeError(`${where}: unknown attribute "${type}"; write a known name such as CN, or a dotted OID`)
}
