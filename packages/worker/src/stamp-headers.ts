import { CERTIFICATE_HEADERS, type CertificateHeader, encodeHeaderValue, type TlsClientAuth } from '@countersign/wire'

/** The certificates that the Worker forwards whole, in RFC 9440's headers. */
export type ForwardCert = 'leaf' | 'chain' | 'none'

/**
 * Sets the certificate headers from Cloudflare's description of the certificate.
 *
 * @returns the headers by name, in the table's order, so that the signature covers exactly these strings
 */
export function stampHeaders(headers: Headers, auth: TlsClientAuth, forwardCert: ForwardCert): Map<string, string> {
  const stamped = new Map<string, string>()
  for (const header of CERTIFICATE_HEADERS) {
    const value = encodeHeaderValue(headerText(header, auth, forwardCert), header.syntax)
    if (value === '') continue
    headers.set(header.name, value)
    stamped.set(header.name, value)
  }
  return stamped
}

/**
 * The value to send, `""` for none. The flags and the verdict are always sent and fail closed: code that checks only
 * one of them still rejects an absent, unverified or possibly revoked certificate.
 */
function headerText(header: CertificateHeader, auth: TlsClientAuth, forwardCert: ForwardCert): string {
  const text = auth[header.field] ?? ''
  const presented = auth.certPresented === '1'
  switch (header.field) {
    case 'certPresented':
      return presented ? '1' : '0'
    case 'certVerified':
      return presented && text.trim() !== '' ? text : 'NONE'
    case 'certRevoked':
      return presented && text !== '0' ? '1' : '0'
    case 'certRFC9440':
      return presented && forwardCert !== 'none' ? text : ''
    case 'certChainRFC9440':
      return presented && forwardCert === 'chain' ? text : ''
    default:
      return presented ? text : ''
  }
}
