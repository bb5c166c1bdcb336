import type { OutgoingHttpHeaders } from 'node:http'
import type { SigningJwk } from '@countersign/wire'
import { type CountersignOptions, countersign } from '@countersign/worker'
import { buildEdgeHeaders, createRay } from '../edge/edge-headers.ts'
import { type TransformSource, transformHeaders } from '../edge/transform-headers.ts'
import type { FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { headerPairs } from '../net/raw-headers.ts'

/** A request as its client sends it. */
export interface UnsignedRequest {
  readonly method: string
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  /** The host, unless the URL or a `Host` header has one. */
  readonly hostname: string
}

/** The values that the edge adds to the request. */
export interface EdgeView {
  readonly tlsClientAuth: FullTlsClientAuth
  readonly accessToken: string | undefined
}

/** A signed request in the form that `app.inject()` takes. */
export interface InjectableRequest {
  /** Path and query as signed. */
  readonly url: string
  readonly headers: Record<string, string>
}

/** The client's address in `app.inject()` by default. */
const CLIENT_IP = '127.0.0.1'

/** Sends a request through the Worker's own code, in this process. */
export async function signRequest(
  unsigned: UnsignedRequest,
  view: EdgeView,
  options: CountersignOptions & { readonly key: SigningJwk },
): Promise<InjectableRequest> {
  const { method } = unsigned
  const { tlsClientAuth } = view
  const target = resolveTarget(unsigned)
  const seen = new Headers([...headerPairs(edgeHeaders(unsigned, view, target))])
  // light-my-request sends methods in upper case, and the signature covers the method's exact letters.
  const request = new Request(target, { method: method.toUpperCase(), headers: seen })
  const signed = await countersign(Object.assign(request, { cf: { tlsClientAuth } }), options)
  const { pathname, search } = new URL(signed.url)
  return { url: pathname + search, headers: Object.fromEntries(signed.headers) }
}

/** Sends a request through the rules of a zone without a Worker, in this process. */
export function transformRequest(
  unsigned: UnsignedRequest,
  view: EdgeView,
  source: TransformSource,
): InjectableRequest {
  const target = resolveTarget(unsigned)
  const lines = transformHeaders(edgeHeaders(unsigned, view, target), source, view.tlsClientAuth)
  const headers = Object.fromEntries(new Headers([...headerPairs(lines)]))
  return { url: target.pathname + target.search, headers }
}

function edgeHeaders({ headers }: UnsignedRequest, { accessToken }: EdgeView, { host }: URL): string[] {
  const sent = [...headerPairs(rawHeaders(headers))].filter(([name]) => name.toLowerCase() !== 'host').flat()
  return ['host', host, ...buildEdgeHeaders(sent, { ray: createRay(), clientIp: CLIENT_IP, accessToken })]
}

/** Resolves a URL to https, because clients always reach the edge over https. */
function resolveTarget({ url, headers, hostname }: UnsignedRequest): URL {
  const isPath = typeof url === 'string' && url.startsWith('/')
  const absolute = isPath ? `https://${hostname}${url}` : url
  if (typeof url !== 'string' || !URL.canParse(absolute)) {
    throw new TypeError('url must be a path such as "/pay?id=1", or a URL such as "https://app.example.com/pay"')
  }
  const { host, pathname, search } = new URL(absolute)
  const [, authority = host] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host') ?? []
  return new URL(`https://${authority}${pathname}${search}`)
}

/** Lists the headers as `node:http` writes them. An array becomes several lines. */
function rawHeaders(headers: OutgoingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((line) => [name, String(line)]),
  )
}
