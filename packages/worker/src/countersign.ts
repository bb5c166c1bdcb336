import type { SigningJwk, TlsClientAuth } from '@countersign/wire'
import { CountersignWorkerError } from './errors.ts'
import { signHeaders } from './sign-headers.ts'
import { importSigningKey } from './signing-key.ts'
import { type ForwardCert, stampHeaders } from './stamp-headers.ts'
import { stripHeaders } from './strip-headers.ts'

/** Options of {@link countersign}. */
export interface CountersignOptions {
  /**
   * The private JWK that signs, as the JSON text of a secret binding or as an object. It is imported once per isolate
   * as long as it is the same text or the very same object: parse no new one for each request.
   * `kty: "oct"` signs with `hmac-sha256`, `kty: "OKP"` with `ed25519`.
   */
  readonly key: string | SigningJwk | undefined
  /**
   * Which certificates travel whole: the leaf in `Client-Cert` (the default), the intermediates too in
   * `Client-Cert-Chain`, or none (RFC 9440). A chain may exceed Node's default limit of 16 KiB for all headers.
   */
  readonly forwardCert?: ForwardCert | undefined
}

const FORWARD_CERT: readonly unknown[] = ['leaf', 'chain', 'none']

/**
 * Writes what Cloudflare saw of the client's certificate into the request's headers, and countersigns it.
 *
 * Whatever the client itself wrote into these headers is deleted first. The result keeps the request's method and body
 * (which still streams), upgrades pass, redirects are left to the client, and the URL is the one that was signed. It has
 * no `cf` and no `signal`: for a Worker behind a service binding, or to abort, pass them to `fetch()` yourself.
 *
 * @param request - the incoming request, with Cloudflare's `cf.tlsClientAuth`
 * @param options - the key, and which certificates to forward
 * @returns a request that is ready for `fetch()`
 * @throws CountersignWorkerError when the key or an option is wrong. Let it answer 500: a request that is not signed must not go on.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421 RFC 9421: HTTP Message Signatures}
 * @example
 * ```ts
 * export default {
 *   async fetch(request: Request, env: { COUNTERSIGN_KEY: string }) {
 *     return fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
 *   },
 * }
 * ```
 */
export async function countersign(request: Request, options: CountersignOptions): Promise<Request> {
  return new Request(...(await countersigned(request, options)))
}

/**
 * What {@link countersign} makes, as the two arguments of `fetch()`: each `Request` that is made of them on the way copies
 * all headers.
 */
export async function countersigned(
  request: Request,
  options: CountersignOptions,
): Promise<[url: string, init: RequestInit]> {
  const { forwardCert = 'leaf' } = options
  if (!FORWARD_CERT.includes(forwardCert)) {
    throw new CountersignWorkerError('CSN_WORKER_OPTION_INVALID', 'forwardCert must be "leaf", "chain" or "none"')
  }
  const key = await importSigningKey(options.key)
  // Parsed once, and sent as parsed: fetch() would send the client's own spelling (`/a/%2e%2e/b`), which is another path.
  const url = new URL(request.url)
  const headers = new Headers(request.headers)

  stripHeaders(headers)
  const stamped = stampHeaders(headers, tlsClientAuth(request), forwardCert)
  await signHeaders(headers, stamped, requestTarget(request, url), key)

  return [url.href, forwardingInit(request, headers)]
}

/**
 * Made by hand, without `request.cf`: to copy that costs more than all the headers, and no origin sees it. Only a GET or
 * HEAD with a body has to be made of the request itself, since no such request can be made anew.
 */
function forwardingInit(request: Request, headers: Headers): RequestInit {
  const { method, body } = request
  const redirect = 'manual'
  if (body !== null && (method === 'GET' || method === 'HEAD')) return new Request(request, { headers, redirect })
  return { method, headers, body, redirect }
}

/** A zone without mTLS has no such field, which is as good as no certificate. */
export function tlsClientAuth(request: Request): TlsClientAuth {
  return (request as Request & { readonly cf?: { readonly tlsClientAuth?: TlsClientAuth } }).cf?.tlsClientAuth ?? {}
}

function requestTarget(request: Request, url: URL) {
  return { authority: url.host, method: request.method, path: url.pathname, query: url.search || '?' }
}
