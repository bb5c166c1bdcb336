import { CERTIFICATE_HEADERS, type CertificateHeader, encodeHeaderValue, type TlsClientAuth } from '@countersign/wire'

/** The certificates that the Worker forwards whole, in RFC 9440's headers. */
export type ForwardCert = 'leaf' | 'chain' | 'none'

/** The forms in which the names of subject and issuer travel: Cloudflare's three, or the one that the origin reads. */
export type NameForms = 'all' | 'rfc2253'

/** The choice among the headers. */
export interface StampOptions {
  readonly forwardCert: ForwardCert
  readonly names: NameForms
}

/**
 * The names that the origin does not read if it has the form on the right. It reads the legacy issuer only for an
 * Access token that names the issuer in this form, and without it refuses this token with a reason that names this option.
 */
const UNREAD_NAMES: Partial<
  Record<CertificateHeader['field'], 'certSubjectDNRFC2253' | 'certIssuerDNRFC2253' | 'none'>
> = {
  certSubjectDN: 'certSubjectDNRFC2253',
  certIssuerDN: 'certIssuerDNRFC2253',
  certSubjectDNLegacy: 'none',
  certIssuerDNLegacy: 'none',
}

/**
 * Sets the certificate headers from Cloudflare's description of the certificate.
 *
 * @returns the headers by name, in the table's order, so that the signature covers exactly these strings
 */
export function stampHeaders(headers: Headers, auth: TlsClientAuth, options: StampOptions): Map<string, string> {
  const stamped = new Map<string, string>()
  for (const header of CERTIFICATE_HEADERS) {
    const value = encodeHeaderValue(headerText(header, auth, options), header.syntax)
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
function headerText(header: CertificateHeader, auth: TlsClientAuth, { forwardCert, names }: StampOptions): string {
  if (names === 'rfc2253' && isUnread(header, auth)) return ''
  const given = auth[header.field]
  const text = typeof given === 'string' ? given : ''
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
    case 'certRFC9440TooLarge':
      return presented && forwardCert !== 'none' && given === true ? '1' : ''
    case 'certChainRFC9440TooLarge':
      return presented && forwardCert === 'chain' && given === true ? '1' : ''
    default:
      return presented ? text : ''
  }
}

/** A name without its RFC 2253 form keeps the other one, so that the origin still reads a name. */
function isUnread({ field }: CertificateHeader, auth: TlsClientAuth): boolean {
  const preferred = UNREAD_NAMES[field]
  if (preferred === undefined) return false
  return preferred === 'none' || (auth[preferred] ?? '').trim() !== ''
}
