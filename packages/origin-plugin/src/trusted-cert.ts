import type { ClientCert } from './client-cert.ts'
import { parseClientCert } from './parse-client-cert.ts'
import type { EdgeFields } from './read-headers.ts'
import { type CompiledIssuer, requireTrustedIssuer } from './trusted-issuers.ts'

/** A certificate, and the trusted issuers that have signed it: all that its headers alone decide, whatever the time. */
export interface TrustedCert {
  readonly clientCert: ClientCert
  readonly issuers: readonly CompiledIssuer[]
}

/**
 * Parses a certificate and finds its issuer among the trusted ones.
 *
 * @param trustedIssuers - `null` trusts every CA that Cloudflare verifies against
 * @throws CountersignError `CSN_HEADERS_MALFORMED`, `CSN_CERT_MISMATCH` or `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function readTrustedCert(fields: EdgeFields, trustedIssuers: readonly CompiledIssuer[] | null): TrustedCert {
  const clientCert = Object.freeze(parseClientCert(fields))
  return { clientCert, issuers: trustedIssuers ? requireTrustedIssuer(clientCert, trustedIssuers) : [] }
}

/** A request's own view of a certificate that several share: its dates are the one thing in it that can be changed. */
export function viewOf(cert: ClientCert): ClientCert {
  const { validFromDate, validToDate } = cert
  return { ...cert, validFromDate: new Date(validFromDate), validToDate: new Date(validToDate) }
}
