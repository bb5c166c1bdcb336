import { tlsClientAuth } from '../../packages/worker/src/incoming-request.ts'
import { stampHeaders } from '../../packages/worker/src/stamp-headers.ts'
import { stripHeaders } from '../../packages/worker/src/strip-headers.ts'

/**
 * Countersign without its signature. The Worker has no such option. This contender shows the cost of the signature.
 * It is a separate module because wrangler bundles it like the real Worker.
 */
export default {
  fetch(request: Request) {
    const { href } = new URL(request.url)
    const headers = new Headers(request.headers)
    stripHeaders(headers)
    stampHeaders(headers, tlsClientAuth(request), { forwardCert: 'leaf', names: 'all' })
    return fetch(href, { method: request.method, headers, body: request.body, redirect: 'manual' })
  },
}
