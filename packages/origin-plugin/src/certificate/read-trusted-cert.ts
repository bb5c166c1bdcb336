import type { ClientCert } from '../client-cert.ts'
import type { EdgeFields } from '../edge-fields.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { requireVerdict } from './require-verdict.ts'
import { type CompiledIssuer, requireTrustedIssuer } from './trusted-issuers.ts'

/** A certificate, and the trusted issuers that have signed it: all that its headers alone decide, whatever the time. */
export interface TrustedCert {
  /** Shared by all requests that show the certificate. */
  readonly clientCert: ClientCert
  readonly issuers: readonly CompiledIssuer[]
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
}

/** What {@link readTrustedCert} does, in order. */
export type CertificateStep = 'verdict' | 'certificate' | 'trust'

/**
 * Requires Cloudflare's verdict, parses the certificate, and finds its issuer among the trusted ones.
 *
 * @param trustedIssuers - `null` trusts every CA that Cloudflare verifies against
 * @param begin - told of each step before it is taken
 * @throws CountersignError for a verdict that does not admit, `CSN_HEADERS_MALFORMED`, `CSN_CERT_MISMATCH` or
 *   `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function readTrustedCert(
  fields: EdgeFields,
  trustedIssuers: readonly CompiledIssuer[] | null,
  begin?: (step: CertificateStep) => void,
): TrustedCert {
  begin?.('verdict')
  requireVerdict(fields)
  begin?.('certificate')
  const clientCert = parseClientCert(fields)
  begin?.('trust')
  return {
    clientCert: shareable(clientCert),
    issuers: trustedIssuers ? requireTrustedIssuer(clientCert, trustedIssuers) : [],
    validFrom: clientCert.validFromDate.getTime(),
    validTo: clientCert.validToDate.getTime(),
  }
}

/** Nothing in it can be changed. A date always can, so every reader gets his own. */
function shareable(cert: ClientCert): ClientCert {
  const [validFrom, validTo] = [cert.validFromDate.getTime(), cert.validToDate.getTime()]
  return Object.freeze({
    ...cert,
    get validFromDate() {
      return new Date(validFrom)
    },
    get validToDate() {
      return new Date(validTo)
    },
  })
}
