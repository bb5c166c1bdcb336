import { attributeTypeId, attributeTypeName, isBerString, normalizeHex } from '@countersign/wire'
import type { ClientCert } from '../client-cert.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { fingerprintOf, isNegativeSerialNumber, normalizeSerialNumber } from '../x509/hex-identifier.ts'
import { canonicalIpAddress } from '../x509/ip-address.ts'
import { allGuards, type Guard, MATCH, mismatch, undecided } from './guard.ts'
import type { AccessMatch, CertificateRequirement, NameMatch, SubjectAltNameMatch, TextMatch } from './requirement.ts'
import { compileTextMatch, describeTextMatch } from './text-match.ts'

/** Compiles one property of a requirement. `where` is its path in error messages. */
type PropertyCompiler<Property extends keyof CertificateRequirement> = (
  match: NonNullable<CertificateRequirement[Property]>,
  where: string,
) => Guard

const PROPERTIES: { readonly [Property in keyof CertificateRequirement]-?: PropertyCompiler<Property> } = {
  subject: (match, where) => nameGuard('subject', match, where),
  issuer: (match, where) => nameGuard('issuer', match, where),
  san: subjectAltNameGuard,
  serialNumber: (match, where) => listGuard('serialNumber', match, where, normalizeSerialNumber),
  fingerprint256: (match, where) => listGuard('fingerprint256', match, where, (text) => fingerprintOf(text, 32)),
  keyId: (match, where) => listGuard('keyId', match, where, normalizeHex),
  access: accessGuard,
}

/**
 * Compiles a requirement on the certificate: every given property must match.
 *
 * @param requirement - as configured, not yet checked
 * @param where - its path or its route, for error messages
 * @throws TypeError whose message states the correction
 */
export function compileCertificateRequirement(requirement: object, where: string): Guard {
  const entries = Object.entries(requirement)
  if (entries.length === 0) {
    throw new TypeError(`${where} is an empty requirement; write true to accept any verified certificate`)
  }
  if ('serialNumber' in requirement && !Object.hasOwn(requirement, 'issuer')) {
    throw new TypeError(
      `${where}.issuer is missing; write it next to serialNumber, which is unique for one issuer only`,
    )
  }
  const guards = entries.map(([property, match]) => {
    requireKnown(property, Object.keys(PROPERTIES), where)
    requireValue(match, `${where}.${property}`)
    const compile = PROPERTIES[property as keyof CertificateRequirement] as (match: unknown, where: string) => Guard
    return compile(match, `${where}.${property}`)
  })
  return allGuards(guards)
}

function nameGuard(which: 'subject' | 'issuer', match: NameMatch, where: string): Guard {
  if (typeof match === 'string' || Array.isArray(match)) return wholeNameGuard(which, match, where)
  if (match instanceof RegExp || typeof match !== 'object' || match === null) {
    throw new TypeError(`${where} must be a name such as "CN=pay-1,O=Acme", or attributes such as { CN: "pay-1" }`)
  }
  const entries = Object.entries(match as Record<string, TextMatch>)
  if (entries.length === 0) throw new TypeError(`${where} is empty; write an attribute such as { CN: "pay-1" }`)
  return allGuards(entries.map(([type, text]) => attributeGuard(which, type, text, where)))
}

/** Every RDN must agree, in order. */
function wholeNameGuard(which: 'subject' | 'issuer', match: string | readonly string[], where: string): Guard {
  const test = compileTextMatch(match, where, (text) => {
    const name = DistinguishedName.parse(text)
    // An empty name, for example from a blank variable, would admit every certificate without a subject.
    if (name.rdns.length === 0) throw new TypeError('the name is empty')
    return name.key
  })
  const expected = describeTextMatch(match)
  const description = `${which} is ${expected}`
  const other = mismatch(`${which} does not match: ${expected}`)
  const doubt = undecided(`${which} has an attribute of an unknown type, or text that cannot be read`)
  return {
    description,
    decide(cert) {
      if (test(cert[which].key)) return MATCH
      return hasUnknownName(cert[which]) || hasUnreadableText(cert[which]) ? doubt : other
    },
  }
}

function attributeGuard(which: 'subject' | 'issuer', type: string, match: TextMatch, where: string): Guard {
  const name = attributeName(type, where)
  const id = attributeTypeId(name)
  const test = compileTextMatch(match, `${where}.${type}`)
  const expected = `${name}=${describeTextMatch(match)}`
  const description = `${which} ${expected}`
  const other = mismatch(`${which} does not match: ${expected}`)
  const doubt = undecided(`${which} ${name} occurs more than once or is not text`)
  const disguise = undecided(`${which} has an attribute without a known OID, which may be ${name}`)
  return {
    description,
    decide(cert) {
      const values = cert[which].getAll(id)
      const value = values[0]
      // A header has OpenSSL's attribute names, and OpenSSL knows more than we do. A deny list by OID must not miss
      // those.
      if (value === undefined) return name === id && hasUnknownName(cert[which]) ? disguise : other
      if (values.length > 1 || typeof value !== 'string') return doubt
      return test(value) ? MATCH : other
    },
  }
}

function hasUnknownName({ rdns }: DistinguishedName): boolean {
  return rdns.flat().some(({ type }) => !isOid(attributeTypeId(type)))
}

/** Whether the name has a string with characters that its type does not allow, which two readers read differently. */
function hasUnreadableText({ rdns }: DistinguishedName): boolean {
  return rdns.flat().some(({ value }) => typeof value !== 'string' && isBerString(value))
}

const isOid = (id: string) => /^[\d.]+$/.test(id)

/**
 * A certificate's text may contain unknown attribute names. In a requirement such a name is a typo: `CNN` would match
 * nothing, and its negation everything.
 */
function attributeName(type: string, where: string): string {
  try {
    if (isOid(attributeTypeId(type))) return attributeTypeName(type)
  } catch {
    // The text does not even have the form of an attribute name. The error below covers it.
  }
  throw new TypeError(`${where}: unknown attribute "${type}"; write a known name such as CN, or a dotted OID`)
}

function subjectAltNameGuard(match: SubjectAltNameMatch, where: string): Guard {
  const canonical: Record<keyof SubjectAltNameMatch, (text: string) => string> = {
    dns: (text) => text.toLowerCase(),
    email: (text) => text,
    uri: (text) => text,
    ip: canonicalIpAddress,
  }
  const kinds = properties(match, Object.keys(canonical), where) as [keyof SubjectAltNameMatch, TextMatch][]
  return allGuards(
    kinds.map(([kind, texts]) => {
      if (kind === 'ip') requireTexts(texts, `${where}.${kind}`)
      const test = compileTextMatch(kind === 'dns' ? ignoringCase(texts) : texts, `${where}.${kind}`, canonical[kind])
      const expected = `${kind}=${describeTextMatch(texts)}`
      const description = `san ${expected}`
      const other = mismatch(`san does not match: ${expected}`)
      const unreadable = undecided(`a san of the kind ${kind} cannot be read`)
      const doubt = undecided('the alternative names are unknown; let the Worker forward the certificate')
      return {
        description,
        decide: ({ subjectAltNames }) => {
          if (!subjectAltNames) return doubt
          if (subjectAltNames[kind].some(test)) return MATCH
          return subjectAltNames.unread.includes(kind) ? unreadable : other
        },
      }
    }),
  )
}

function listGuard(
  property: 'serialNumber' | 'fingerprint256' | 'keyId',
  match: string | readonly string[],
  where: string,
  canonical: (text: string) => string,
): Guard {
  requireTexts(match, where)
  const test = compileTextMatch(match, where, canonical)
  const description = `${property}=${describeTextMatch(match)}`
  const other = mismatch(`${property} does not match: expected one of ${[match].flat().length}`)
  const doubt = undecided(`the certificate's ${property} is unknown`)
  const negative = undecided(`the certificate's ${property} is negative, and readers disagree on it`)
  return {
    description,
    decide(cert: ClientCert) {
      const value = cert[property]
      if (value === undefined) return doubt
      if (property === 'serialNumber' && isNegativeSerialNumber(value)) return negative
      return test(value) ? MATCH : other
    },
  }
}

/** The certificate's host names are in lower case. A pattern in upper case would match none, and its negation all. */
function ignoringCase(match: TextMatch): TextMatch {
  return match instanceof RegExp && !match.ignoreCase ? new RegExp(match.source, `${match.flags}i`) : match
}

/** A value has many spellings. A pattern sees only ours, and the operator may have another one in mind. */
function requireTexts(match: unknown, where: string): void {
  if (match instanceof RegExp) throw new TypeError(`${where} must be a text or a list of texts`)
}

function accessGuard(match: AccessMatch, where: string): Guard {
  const known = ['kind', 'email', 'clientId', 'commonName']
  return allGuards(
    properties(match, known, where).map(([claim, texts]) => {
      if (claim === 'kind' && !['user', 'service', 'certificate'].includes(texts as string)) {
        throw new TypeError(`${where}.kind must be "user", "service" or "certificate"`)
      }
      const test = compileTextMatch(texts, `${where}.${claim}`)
      const expected = `${claim}=${describeTextMatch(texts)}`
      const description = `access ${expected}`
      const other = mismatch(`access does not match: ${expected}`)
      const doubt = undecided('the request has no Access identity')
      return {
        description,
        decide(_cert, request) {
          if (!request.access) return doubt
          const value = (request.access as unknown as Record<string, string | undefined>)[claim]
          return value !== undefined && test(value) ? MATCH : other
        },
      }
    }),
  )
}

function properties(match: unknown, known: readonly string[], where: string): [string, TextMatch][] {
  const entries = typeof match === 'object' && match !== null ? Object.entries(match) : []
  if (entries.length === 0) throw new TypeError(`${where} must be an object with ${known.join(', ')}`)
  for (const [property] of entries) requireKnown(property, known, where)
  return entries
}

/** `undefined` would silently drop the condition, for example an unset variable. */
function requireValue(match: unknown, where: string): void {
  if (match === undefined) throw new TypeError(`${where} is undefined; set a value or remove the property`)
}

function requireKnown(property: string, known: readonly string[], where: string): void {
  if (!known.includes(property))
    throw new TypeError(`${where}: unknown property "${property}"; known properties are ${known.join(', ')}`)
}
