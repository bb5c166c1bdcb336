import { tlsClientAuth } from '../../packages/worker/src/incoming-request.ts'
import { stampHeaders } from '../../packages/worker/src/stamp-headers.ts'
import { stripHeaders } from '../../packages/worker/src/strip-headers.ts'

/**
 * Does the Worker's whole work on a request except for the signature.
 *
 * It avoids the zone's cache as the Worker does, which costs a header.
 *
 * @returns the arguments of `fetch()`. The headers may still be changed
 */
export function stamped(request: Request): [url: string, init: RequestInit & { headers: Headers }] {
  const { href } = new URL(request.url)
  const headers = new Headers(request.headers)
  stripHeaders(headers)
  stampHeaders(headers, tlsClientAuth(request), { forwardCert: 'leaf', names: 'all' })
  headers.set('cache-control', 'max-age=0')
  const { method, body } = request
  return [href, { method, headers, body, redirect: 'manual', cache: 'no-store' }]
}
