import { tlsClientAuth } from '../../packages/worker/src/countersign.ts'
import { stampHeaders } from '../../packages/worker/src/stamp-headers.ts'
import { stripHeaders } from '../../packages/worker/src/strip-headers.ts'

/** What Countersign does but for the signature. No option of it: it shows what the signature costs. */
export default {
  fetch(request: Request) {
    const { href } = new URL(request.url)
    const headers = new Headers(request.headers)
    stripHeaders(headers)
    stampHeaders(headers, tlsClientAuth(request), 'leaf')
    return fetch(href, { method: request.method, headers, body: request.body, redirect: 'manual' })
  },
}
