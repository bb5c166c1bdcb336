import { X509Certificate } from 'node:crypto'
import { readCertificateFields } from '../../handshake/certificate-fields.ts'
import { formatNameRfc2253 } from '../../handshake/format-name.ts'

/** What one wants to know of a certificate. */
export interface CertificateDescription {
  /** RFC 4514 text, as in {@link CertificateDescription.issuer}. */
  readonly subject: string
  readonly issuer: string
  /** Upper-case hexadecimal. */
  readonly serialNumber: string
  readonly fingerprint256: string
  /** ISO 8601, as is {@link CertificateDescription.validTo}. */
  readonly validFrom: string
  readonly validTo: string
}

/** @param pem - of which the first certificate counts */
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
