import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { headerPairs, headerValues, type RawHeaders } from '../net/raw-headers.ts'
import { absentBody, CHUNKED } from '../net/stream-body.ts'

/** A request as its client sent it, over HTTP/1.1 or HTTP/2. */
export interface ClientRequest {
  /** Cloudflare's name for it: `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string
  readonly method: string
  /** Path and query, as the client wrote them. */
  readonly target: string
  /** In the form of HTTP/1.1. */
  readonly headers: RawHeaders
  readonly socket: TLSSocket
  readonly body: Readable
  /** The headers that delimit the body towards a server of HTTP/1.1. */
  readonly framing: RawHeaders
  /** Whether the client ended the body, as opposed to breaking it off. */
  isComplete(): boolean
}

export function readClientRequest(request: IncomingMessage | Http2ServerRequest): ClientRequest {
  return request.httpVersionMajor === 2
    ? fromHttp2(request as Http2ServerRequest)
    : fromHttp1(request as IncomingMessage)
}

export function fromHttp1(request: IncomingMessage): ClientRequest {
  const { method = 'GET', url = '', rawHeaders, socket } = request
  const isChunked = request.headers['transfer-encoding'] !== undefined
  return {
    protocol: `HTTP/${request.httpVersion}`,
    method,
    target: url,
    headers: rawHeaders,
    socket: socket as TLSSocket,
    body: request,
    framing: isChunked ? CHUNKED : absentBody(method, rawHeaders),
    isComplete: () => request.complete,
  }
}

function fromHttp2({ stream, rawHeaders, method, url }: Http2ServerRequest): ClientRequest {
  const headers = toHttp1Headers(rawHeaders)
  const isChunked = !stream.endAfterHeaders && headerValues(headers, 'content-length').length === 0
  return {
    protocol: 'HTTP/2',
    method,
    // Absent with CONNECT, although its type excludes that.
    target: url ?? '',
    headers,
    socket: (stream as ServerHttp2Stream).session?.socket as TLSSocket,
    // The stream itself, because Node's own wrapper also ends when the client breaks off.
    body: stream,
    framing: isChunked ? CHUNKED : absentBody(method, headers),
    isComplete: () => stream.rstCode === 0 && !stream.aborted,
  }
}

/**
 * Converts pseudo headers to their form in HTTP/1.1, and joins cookies to one line (RFC 9113, sections 8.2.3 and
 * 8.3.1). A Host that differs from `:authority` is kept, so the request has two and is refused.
 */
function toHttp1Headers(raw: RawHeaders): RawHeaders {
  const hosts = new Set([...headerValues(raw, ':authority'), ...headerValues(raw, 'host')])
  const cookies = headerValues(raw, 'cookie')
  const others = [...headerPairs(raw)].filter(([name]) => !/^(?::.*|host|cookie)$/.test(name))
  return [
    ...[...hosts].flatMap((host) => ['Host', host]),
    ...others.flat(),
    ...(cookies.length > 0 ? ['Cookie', cookies.join('; ')] : []),
  ]
}
