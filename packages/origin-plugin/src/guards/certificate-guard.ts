import type { ClientCert } from '../client-cert.ts'
import { isNegativeSerialNumber } from '../x509/hex-identifier.ts'
import { allGuards, type Guard, MATCH, mismatch, undecided } from './guard.ts'
import { accessGuard } from './properties/access-guard.ts'
import { alternativeNameGuard } from './properties/alternative-name-guard.ts'
import { extendedKeyUsageGuard } from './properties/extended-key-usage-guard.ts'
import { nameGuard } from './properties/name-guard.ts'
import { notForwarded } from './properties/not-forwarded.ts'
import { spiffeGuard } from './properties/spiffe-guard.ts'
import { requireKnown } from './read-properties.ts'
import type { CertificateRequirement } from './requirement.ts'
import { FINGERPRINT_256, KEY_ID, SERIAL_NUMBER, SPKI_256, type TextComparison } from './text-comparison.ts'
import { compileTextMatch, describeTextMatch } from './text-match.ts'

/** Compiles one property of a requirement. `where` is its path in error messages. */
type PropertyCompiler<Property extends keyof CertificateRequirement> = (
  match: NonNullable<CertificateRequirement[Property]>,
  where: string,
) => Guard

const PROPERTIES: { readonly [Property in keyof CertificateRequirement]-?: PropertyCompiler<Property> } = {
  subject: (match, where) => nameGuard('subject', match, where),
  issuer: (match, where) => nameGuard('issuer', match, where),
  san: alternativeNameGuard,
  serialNumber: (match, where) => listGuard('serialNumber', match, where, SERIAL_NUMBER),
  fingerprint256: (match, where) => listGuard('fingerprint256', match, where, FINGERPRINT_256),
  keyId: (match, where) => listGuard('keyId', match, where, KEY_ID),
  spiffe: spiffeGuard,
  spki256: (match, where) => listGuard('spki256', match, where, SPKI_256),
  extendedKeyUsage: extendedKeyUsageGuard,
  access: accessGuard,
}

/** Whether a property needs the certificate itself (`Client-Cert`), which a source may not send. */
const NEEDS_CERTIFICATE: { readonly [Property in keyof CertificateRequirement]-?: boolean } = {
  subject: false,
  issuer: false,
  san: true,
  extendedKeyUsage: true,
  serialNumber: false,
  fingerprint256: false,
  keyId: false,
  spiffe: true,
  spki256: true,
  access: false,
}

/** The first property of a requirement that needs the certificate itself; `undefined` without one. */
export function findCertificateProperty(requirement: object): string | undefined {
  return Object.entries(NEEDS_CERTIFICATE).find(([property, needed]) => needed && property in requirement)?.[0]
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
    const kind = Object.prototype.toString.call(requirement).slice('[object '.length, -1)
    // The remedy of an empty object would admit every client in place of those that a pattern means.
    if (kind !== 'Object')
      throw new TypeError(`${where} must be a requirement such as { subject: { OU: "Ops" } }, and not a ${kind}`)
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

function listGuard(
  property: 'serialNumber' | 'fingerprint256' | 'keyId' | 'spki256',
  match: string | readonly string[],
  where: string,
  comparison: TextComparison,
): Guard {
  const test = compileTextMatch(match, where, comparison)
  const description = `${property}=${describeTextMatch(match)}`
  const other = mismatch(`${property} does not match: expected one of ${[match].flat().length}`)
  const doubt = undecided(`the certificate's ${property} is unknown`)
  const hidden = notForwarded(`the certificate's ${property} is`)
  const negative = undecided(`the certificate's ${property} is negative, and readers disagree on it`)
  return {
    description,
    decide(cert: ClientCert) {
      const value = cert[property]
      if (value === undefined) return property === 'spki256' ? hidden(cert) : doubt
      if (property === 'serialNumber' && isNegativeSerialNumber(value)) return negative
      return test(value) === 'match' ? MATCH : other
    },
  }
}

/** `undefined` would silently drop the condition, for example an unset variable. */
function requireValue(match: unknown, where: string): void {
  if (match === undefined) throw new TypeError(`${where} is undefined; set a value or remove the property`)
}
