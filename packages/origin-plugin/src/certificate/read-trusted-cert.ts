import { X509Certificate } from 'node:crypto'
import { type ClientCert, describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import type { EdgeFields } from '../read-headers.ts'
import { isNegativeSerialNumber } from '../x509/hex-identifier.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { requireTrustedIssuer } from './require-trusted-issuer.ts'
import { requireVerdict } from './require-verdict.ts'
import type { CompiledIssuer } from './trusted-issuers.ts'

const refuse = refusalAt('trust')

/** A certificate with the trusted issuers that signed it. It follows from the headers alone, at any time. */
export interface TrustedCert {
  /** Shared by all requests with this certificate. */
  readonly clientCert: ClientCert
  readonly issuers: readonly CompiledIssuer[]
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
}

/**
 * Requires Cloudflare's verdict, parses the certificate, and finds its issuer among the trusted ones.
 *
 * @param trustedIssuers - `null` trusts every CA that Cloudflare verifies against
 * @throws CountersignError for a verdict that does not admit, `CSN_HEADERS_MALFORMED`, `CSN_CERT_UNREADABLE`,
 *   `CSN_CERT_MISMATCH` or `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function readTrustedCert(fields: EdgeFields, trustedIssuers: readonly CompiledIssuer[] | null): TrustedCert {
  requireVerdict(fields)
  const clientCert = parseClientCert(fields)
  return {
    clientCert: shareable(clientCert),
    issuers: trustedIssuers ? requireTrustedIssuer(clientCert, trustedIssuers) : [],
    validFrom: clientCert.validFromDate.getTime(),
    validTo: clientCert.validToDate.getTime(),
  }
}

/**
 * Requires that the certificate is valid now and that no issuer has revoked it. Cloudflare checked the dates too, but
 * by its own clock and perhaps many requests ago on the same connection.
 *
 * @param now - seconds since the epoch
 * @throws CountersignError `CSN_CERT_EXPIRED`, `CSN_CERT_REVOKED`, `CSN_CERT_UNREADABLE`, or `CSN_REVOCATION_UNAVAILABLE`
 */
export function requireValidNow({ clientCert, issuers, validFrom, validTo }: TrustedCert, now: number): void {
  if (now * 1000 < validFrom) {
    throw refuse(
      'CSN_CERT_EXPIRED',
      `the certificate is not valid before ${clientCert.validFrom} (${describeCert(clientCert)})`,
    )
  }
  if (now * 1000 > validTo) {
    throw refuse('CSN_CERT_EXPIRED', `the certificate expired on ${clientCert.validTo} (${describeCert(clientCert)})`)
  }
  if (isNegativeSerialNumber(clientCert.serialNumber) && issuers.some(({ revocation }) => revocation)) {
    // A revocation list with negative numbers is refused, so none can name this certificate.
    throw refuse(
      'CSN_CERT_UNREADABLE',
      `the serial number is negative, so no revocation list can name it (${describeCert(clientCert)})`,
    )
  }
  for (const { revocation } of issuers) revocation?.requireNotRevoked(clientCert, now)
}

/**
 * Frozen, because requests share it. Dates, bytes and Node's certificates cannot be frozen, so each read returns a new
 * one.
 */
function shareable(cert: ClientCert): ClientCert {
  const [validFrom, validTo] = [cert.validFromDate.getTime(), cert.validToDate.getTime()]
  const der = cert.x509?.raw
  return Object.freeze({
    ...cert,
    get x509() {
      return der && new X509Certificate(der)
    },
    get validFromDate() {
      return new Date(validFrom)
    },
    get validToDate() {
      return new Date(validTo)
    },
  })
}
