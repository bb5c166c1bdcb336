import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { headerPairs, headerValues, type RawHeaders } from '../net/raw-headers.ts'

/** A request as its client sent it, whichever version of HTTP carried it. */
export interface ClientRequest {
  /** In Cloudflare's words: `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string
  readonly method: string
  /** Path and query, as the client wrote them. */
  readonly target: string
  /** As HTTP/1.1 writes them. */
  readonly headers: RawHeaders
  readonly socket: TLSSocket
  readonly body: Readable
  /** The headers that say how long the body is, towards a server that speaks HTTP/1.1. */
  readonly framing: RawHeaders
  /** Whether a body that ended did so because the client said so, and not because it broke off. */
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
    // Absent with CONNECT, whatever its type says.
    target: url ?? '',
    headers,
    socket: (stream as ServerHttp2Stream).session?.socket as TLSSocket,
    // The stream itself: Node's own wrapper also ends when the client broke off.
    body: stream,
    framing: isChunked ? CHUNKED : absentBody(method, headers),
    isComplete: () => stream.rstCode === 0 && !stream.aborted,
  }
}

const CHUNKED: RawHeaders = ['Transfer-Encoding', 'chunked']

/** Content-Length passes with the other headers as it came; an absent body is said to be absent. */
function absentBody(method: string, headers: RawHeaders): RawHeaders {
  const isSaid = method === 'GET' || method === 'HEAD' || headerValues(headers, 'content-length').length > 0
  return isSaid ? [] : ['Content-Length', '0']
}

/**
 * Pseudo headers become what HTTP/1.1 has for them, and cookies one line again (RFC 9113, sections 8.2.3 and 8.3.1).
 * A Host beside another `:authority` stays, and makes a request with two.
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
