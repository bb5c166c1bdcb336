import type { OutgoingHttpHeaders } from 'node:http'
import type { SigningJwk } from '@countersign/wire'
import { type CountersignOptions, countersign } from '@countersign/worker'
import { buildEdgeHeaders, createRay } from '../edge/edge-headers.ts'
import type { FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { headerPairs } from '../net/raw-headers.ts'

/** A request as its client sends it. */
export interface UnsignedRequest {
  readonly method: string
  readonly url: string
  readonly headers: OutgoingHttpHeaders
}

/** What the edge adds to it. */
export interface EdgeView {
  readonly tlsClientAuth: FullTlsClientAuth
  readonly accessToken: string | undefined
}

/** A signed request: what an origin would receive. */
export interface InjectableRequest {
  /** Path and query as they were signed. */
  readonly url: string
  readonly headers: Record<string, string>
}

/** The client of `app.inject()`, unless that is told otherwise. */
const CLIENT_IP = '127.0.0.1'

/** Sends a request through the Worker's own code, in this process. */
export async function signRequest(
  { method, url, headers }: UnsignedRequest,
  { tlsClientAuth, accessToken }: EdgeView,
  options: CountersignOptions & { readonly key: SigningJwk },
): Promise<InjectableRequest> {
  const target = resolveTarget(url, headers)
  const seen = new Headers([
    ...headerPairs(buildEdgeHeaders(rawHeaders(headers), { ray: createRay(), clientIp: CLIENT_IP, accessToken })),
  ])
  seen.set('host', target.host)
  // light-my-request writes methods so, and a method is signed as it is written.
  const request = new Request(target, { method: method.toUpperCase(), headers: seen })
  const signed = await countersign(Object.assign(request, { cf: { tlsClientAuth } }), options)
  const { pathname, search } = new URL(signed.url)
  return { url: pathname + search, headers: Object.fromEntries(signed.headers) }
}

/** Clients speak https with the edge, whatever the scheme that a test happens to write. */
function resolveTarget(url: string, headers: OutgoingHttpHeaders): URL {
  const absolute = url.startsWith('/') ? `https://localhost${url}` : url
  if (!URL.canParse(absolute)) {
    throw new TypeError('url must be a path such as "/pay?id=1", or a URL such as "https://app.example.com/pay"')
  }
  const { host, pathname, search } = new URL(absolute)
  const [, authority = host] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host') ?? []
  return new URL(`https://${authority}${pathname}${search}`)
}

/** As `node:http` would write them: a list is several lines. */
function rawHeaders(headers: OutgoingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((line) => [name, String(line)]),
  )
}
