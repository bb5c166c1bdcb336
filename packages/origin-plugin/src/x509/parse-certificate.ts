import { X509Certificate } from 'node:crypto'

/**
 * Parses the bytes of one certificate.
 *
 * OpenSSL also reads PEM, and the first of two certificates. Another reader of the same bytes could read another one.
 *
 * @param der - the certificate in DER, and nothing else
 * @throws SyntaxError if the bytes have another form
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280, section 4.1}
 */
export function parseCertificate(der: Uint8Array): X509Certificate {
  let x509: X509Certificate
  try {
    x509 = new X509Certificate(der)
  } catch {
    throw new SyntaxError('not a certificate in DER')
  }
  if (!x509.raw.equals(der)) throw new SyntaxError('not exactly one certificate in DER')
  return x509
}
