import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { refusalAt } from '../errors.ts'
import type { EdgeFields } from '../read-headers.ts'

const refuse = refusalAt('verdict')

const DESCRIPTIONS = CERTIFICATE_HEADERS.filter((header) => header.when !== 'always').map((header) => header.name)

/** Verdicts that mean "outside its validity period" and nothing else. */
const OUTSIDE_VALIDITY: ReadonlySet<string> = new Set([
  'FAILED:certificate has expired',
  'FAILED:certificate is not yet valid',
])

/**
 * Requires that a certificate was presented, that Cloudflare verified it, and that Cloudflare does not list it as
 * revoked.
 *
 * Call it before the certificate is parsed: an attacker chooses every word of an unverified certificate.
 *
 * @throws CountersignError `CSN_CERT_MISSING`, `CSN_CERT_UNVERIFIED`, `CSN_CERT_EXPIRED`, `CSN_CERT_REVOKED`, or
 *   `CSN_HEADERS_MALFORMED` for values that the edge never sends together
 */
export function requireVerdict(fields: EdgeFields): void {
  const presented = fields.get('x-cert-presented')
  const verdict = fields.get('x-cert-verify')
  const revoked = fields.get('x-cert-revoked')

  if (presented === undefined && !DESCRIPTIONS.some((name) => fields.has(name))) {
    throw refuse('CSN_CERT_MISSING', 'the certificate headers are missing')
  }
  if (!isFlag(presented) || !isFlag(revoked) || verdict === undefined) {
    throw refuse(
      'CSN_HEADERS_MALFORMED',
      'x-cert-presented, x-cert-verify or x-cert-revoked is missing, or a flag is not 0 or 1',
    )
  }
  if (presented === '0') {
    if (verdict === 'SUCCESS' || DESCRIPTIONS.some((name) => fields.has(name))) {
      throw refuse('CSN_HEADERS_MALFORMED', 'the headers describe a certificate that was not presented')
    }
    throw refuse('CSN_CERT_MISSING', 'the client did not present a certificate')
  }
  if (verdict !== 'SUCCESS') {
    // Only SUCCESS admits. Cloudflare's list of failures is open-ended.
    const code = OUTSIDE_VALIDITY.has(verdict) ? 'CSN_CERT_EXPIRED' : 'CSN_CERT_UNVERIFIED'
    throw refuse(code, `Cloudflare's verdict is ${verdict} (${describeFields(fields)})`)
  }
  // A revoked certificate still has the verdict SUCCESS.
  if (revoked === '1') {
    throw refuse('CSN_CERT_REVOKED', `Cloudflare lists the certificate as revoked (${describeFields(fields)})`)
  }
}

/** Names the certificate in the headers' own text. An attacker chose it, so it is not parsed. */
function describeFields(fields: EdgeFields): string {
  const serialNumber = fields.get('x-cert-serial') ?? 'missing'
  const fingerprint = fields.get('x-cert-finger-256') ?? 'missing'
  const subject = fields.get('x-cert-subject-dn-2253') ?? fields.get('x-cert-subject-dn') ?? ''
  return `serial number ${serialNumber.slice(0, 64)}, SHA-256 ${fingerprint.slice(0, 64)}, subject ${subject}`
}

function isFlag(value: string | undefined): boolean {
  return value === '0' || value === '1'
}
