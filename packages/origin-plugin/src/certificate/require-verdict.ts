import { CERTIFICATE_HEADERS, type CertificateHeaderName } from '@countersign/wire'
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
  switch (fields.source.name) {
    case 'worker':
      requireReportedVerdict(fields, WORKER_REPORT)
      break
    case 'cf-cert':
      requireReportedVerdict(fields, CF_CERT_REPORT)
      break
    case 'rfc9440':
      requireForwarded(fields)
  }
}

/** The spelling of the three findings in the headers of a source. */
interface Report {
  /** Returns `undefined` for a value that the source never sends. */
  readFlag(text: string | undefined): boolean | undefined
  /** Returns whether the verdict admits; `undefined` for a value that the source never sends. */
  readVerdict(text: string | undefined): boolean | undefined
  /** The reason for values that the source never sends. */
  readonly malformed: string
  /** The reason for a request without any of the headers. */
  readonly missing: string
}

const readWorkerFlag = (text: string | undefined) => (text === '1' ? true : text === '0' ? false : undefined)

const WORKER_REPORT: Report = {
  readFlag: readWorkerFlag,
  // Only SUCCESS admits. Cloudflare's list of failures is open-ended.
  readVerdict: (text) => (text === undefined ? undefined : text === 'SUCCESS'),
  malformed: 'x-cert-presented, x-cert-verify or x-cert-revoked is missing, or a flag is not 0 or 1',
  missing: 'the certificate headers are missing',
}

/** Cloudflare sends `true` and `false`, and documents no spelling. */
const readCfCertFlag = (text: string | undefined) =>
  text === 'true' ? true : text === 'false' ? false : readWorkerFlag(text)

const CF_CERT_REPORT: Report = {
  readFlag: readCfCertFlag,
  readVerdict: readCfCertFlag,
  malformed: 'cf-cert-presented, cf-cert-verified or cf-cert-revoked is missing, or is not true or false',
  missing: 'the cf-cert headers are missing; turn on the managed transform "Add TLS client auth headers"',
}

function requireReportedVerdict(fields: EdgeFields, report: Report): void {
  const verdict = fields.get('x-cert-verify')
  const presented = report.readFlag(fields.get('x-cert-presented'))
  const verified = report.readVerdict(verdict)
  const revoked = report.readFlag(fields.get('x-cert-revoked'))
  if (presented === true && verified === true && revoked === false) return

  const isDescribed = DESCRIPTIONS.some((name) => fields.has(name))
  if (!fields.has('x-cert-presented') && !isDescribed) throw refuse('CSN_CERT_MISSING', report.missing)
  if (presented === undefined || verified === undefined || revoked === undefined) {
    throw refuse('CSN_HEADERS_MALFORMED', report.malformed)
  }
  if (!presented) {
    if (verified || isDescribed) {
      throw refuse('CSN_HEADERS_MALFORMED', 'the headers describe a certificate that was not presented')
    }
    throw refuse('CSN_CERT_MISSING', 'the client did not present a certificate')
  }
  if (!verified) {
    const code = OUTSIDE_VALIDITY.has(verdict ?? '') ? 'CSN_CERT_EXPIRED' : 'CSN_CERT_UNVERIFIED'
    throw refuse(code, `Cloudflare's verdict is ${verdict} (${describeFields(fields)})`)
  }
  // The verdict on a revoked certificate is still a success.
  if (revoked) {
    throw refuse('CSN_CERT_REVOKED', `Cloudflare lists the certificate as revoked (${describeFields(fields)})`)
  }
}

/**
 * The transform rules set `Client-Cert` only for a certificate that is verified and not revoked, so its presence is the
 * verdict.
 */
function requireForwarded(fields: EdgeFields): void {
  if (fields.has('client-cert')) return
  const reason = fields.has('client-cert-chain')
    ? 'client-cert is missing next to client-cert-chain; the transform rules omit a certificate above 10 KiB'
    : 'client-cert is missing; the transform rules set it only for a certificate that is verified, not revoked and at most 10 KiB'
  throw refuse('CSN_CERT_MISSING', reason)
}

/** Names the certificate in the headers' own text. An attacker chose it, so it is not parsed. */
function describeFields(fields: EdgeFields): string {
  const part = (name: CertificateHeaderName) => (fields.get(name) ?? 'missing').slice(0, 64)
  const subject = fields.get('x-cert-subject-dn-2253') ?? fields.get('x-cert-subject-dn') ?? ''
  return `serial number ${part('x-cert-serial')}, SHA-256 ${part('x-cert-finger-256')}, subject ${subject}`
}
