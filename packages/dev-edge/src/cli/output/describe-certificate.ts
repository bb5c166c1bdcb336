import { X509Certificate } from 'node:crypto'
import { readCertificateFields } from '../../handshake/certificate-fields.ts'
import { formatNameRfc2253 } from '../../handshake/format-name.ts'

/** A certificate in text. */
export interface CertificateDescription {
  /** RFC 4514 text, like {@link CertificateDescription.issuer}. */
  readonly subject: string
  readonly issuer: string
  /** Upper-case hexadecimal. */
  readonly serialNumber: string
  readonly fingerprint256: string
  /** ISO 8601, like {@link CertificateDescription.validTo}. */
  readonly validFrom: string
  readonly validTo: string
}

/**
 * Describes the first certificate of a PEM text.
 *
 * @param pem - one certificate or several
 */
export function describeCertificate(pem: string): CertificateDescription {
  const certificate = new X509Certificate(pem)
  const { subject, issuer } = readCertificateFields(certificate.raw)
  return {
    subject: formatNameRfc2253(subject),
    issuer: formatNameRfc2253(issuer),
    serialNumber: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    validFrom: new Date(certificate.validFrom).toISOString(),
    validTo: new Date(certificate.validTo).toISOString(),
  }
}
