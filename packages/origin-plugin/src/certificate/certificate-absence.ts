import { CERTIFICATE_HEADERS, type CertificateHeaderName } from '@countersign/wire'
import type { EdgeFields } from '../read-headers.ts'

/** The headers by which the Worker states that the client presented no certificate. */
const STATED: Partial<Record<CertificateHeaderName, string>> = {
  'x-cert-presented': '0',
  'x-cert-verify': 'NONE',
  'x-cert-revoked': '0',
}

/**
 * Whether the client presented no certificate, for a route that does without one.
 *
 * Attack: a client whose certificate was refused pretends to have none. So only the headers that the Worker writes for a
 * client without a certificate count, each with its exact value. Everything else is judged as a certificate.
 *
 * @param isSigned - whether the edge signature covers the headers. A signed request without any of them states nothing.
 *   Without a signature, a request without any counts as one without a certificate
 */
export function isWithoutCertificate(fields: EdgeFields, isSigned: boolean): boolean {
  const isStated = CERTIFICATE_HEADERS.every(({ name }) => fields.get(name) === STATED[name])
  return isStated || (!isSigned && CERTIFICATE_HEADERS.every(({ name }) => !fields.has(name)))
}
