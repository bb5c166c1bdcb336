import type { TlsClientAuth } from '@countersign/wire'

/** A zone without mTLS has no such field. The result then equals that of a client without a certificate. */
export function tlsClientAuth(request: Request): TlsClientAuth {
  return (request as Request & { readonly cf?: { readonly tlsClientAuth?: TlsClientAuth } }).cf?.tlsClientAuth ?? {}
}

/**
 * Whether a browser asks by this request if it may send another one (Fetch, section 3.2), without a certificate. A true
 * preflight carries neither certificate nor token. The origin receives it signed as a request without a certificate, and
 * answers `OPTIONS` without a certificate only on a public route: on an optional one it refuses it too.
 *
 * Attack: a client presents a certificate and writes the headers of a preflight, and a route for all methods does its
 * work. So a request with a certificate is never a preflight.
 */
export function isPreflight(request: Request): boolean {
  const { method, headers } = request
  if (method !== 'OPTIONS' || !headers.has('origin') || !headers.has('access-control-request-method')) return false
  return tlsClientAuth(request).certPresented !== '1'
}
