import { CERTIFICATE_HEADERS, type CertificateHeaderName } from '@countersign/wire'
import { refusalAt } from '../errors.ts'
import type { EdgeFields } from '../read-headers.ts'

const refuse = refusalAt('verdict')

type Statement = Partial<Record<CertificateHeaderName, readonly string[]>>

/** The headers by which the Worker states that the client presented no certificate. */
const BY_WORKER: Statement = { 'x-cert-presented': ['0'], 'x-cert-verify': ['NONE'], 'x-cert-revoked': ['0'] }

/** The same of Cloudflare's managed transform, which documents no spelling. */
const NO = ['false', '0']
const BY_CF_CERT: Statement = { 'x-cert-presented': NO, 'x-cert-verify': NO, 'x-cert-revoked': NO }

/**
 * Whether the client presented no certificate, for a route that does without one.
 *
 * Attack: a client whose certificate was refused pretends to have none. So only the headers that the source writes for a
 * client without a certificate count, each with its exact value. Everything else is judged as a certificate.
 *
 * Transform rules for `Client-Cert` write nothing for a certificate that is not good, and cannot tell it from none.
 *
 * @param isSigned - whether the edge signature covers the headers. A signed request without any of them states nothing.
 *   Without a signature, a request without any of the Worker's headers counts as one without a certificate
 */
export function isWithoutCertificate(fields: EdgeFields, isSigned: boolean): boolean {
  switch (fields.source.name) {
    case 'worker':
      return states(fields, BY_WORKER) || (!isSigned && states(fields, {}))
    case 'cf-cert':
      return states(fields, BY_CF_CERT)
    case 'rfc9440':
      return states(fields, {})
  }
}

/** Whether a request has exactly the headers of a statement. */
function states(fields: EdgeFields, statement: Statement): boolean {
  return CERTIFICATE_HEADERS.every(({ name }) => {
    const value = fields.get(name)
    return value === undefined ? statement[name] === undefined : statement[name]?.includes(value)
  })
}

/**
 * Refuses `OPTIONS` of a client without a certificate, also on an optional route.
 *
 * Attack: the Worker requires a login with Access or a certificate, and lets preflights pass, which carry neither. A
 * request in the form of a preflight would then run the handler of an optional route for all methods. Public routes and
 * hooks in front answer the preflights of browsers. Their headers are not signed, so the method alone decides.
 *
 * @throws CountersignError `CSN_CERT_MISSING`
 */
export function requireNoPreflight(method: string | undefined): void {
  if (method !== 'OPTIONS') return
  throw refuse(
    'CSN_CERT_MISSING',
    'the client did not present a certificate; OPTIONS can be a preflight, which an optional route does not answer, so write clientCert: false for the route of OPTIONS',
  )
}
