import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { headerPairs, headerValues, type RawHeaders, withoutHopByHop } from '../net/raw-headers.ts'
import { absentBody, CHUNKED } from '../net/stream-body.ts'

/** In this header workerd tells the zone the `cf` of a Worker's `fetch()`. The edge removes it from a client's request. */
export const FETCH_CF_HEADER = 'MF-Fetch-CF'

/** Cloudflare's limit for all headers of an answer together, in bytes. */
const MAX_HEADER_SIZE = 128 * 1024

/** A request of the Worker's `fetch()`, in the form that the origin takes. */
export interface OriginRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: RawHeaders
  /** The headers that delimit the body. */
  readonly framing: RawHeaders
  /** The JSON text of the `cf` of the `fetch()`. */
  readonly cf: string | undefined
}

export function readOriginRequest({ method = 'GET', url = '/', rawHeaders }: IncomingMessage): OriginRequest {
  const isChunked = headerValues(rawHeaders, 'transfer-encoding').length > 0
  return {
    method,
    target: url,
    headers: without(withoutHopByHop(rawHeaders), [FETCH_CF_HEADER]),
    framing: isChunked ? CHUNKED : absentBody(method, rawHeaders),
    cf: headerValues(rawHeaders, FETCH_CF_HEADER.toLowerCase())[0],
  }
}

/**
 * Opens a request to the origin, on a connection of its own: a kept one could close under a request.
 *
 * `node:http` skips the informational answers of an origin (100, 102, 103), at which workerd fails.
 *
 * The origin is asked to keep the connection, and the edge closes it after the answer. An origin that closes after an
 * early answer resets the connection, because the body is still arriving, and the answer is lost.
 */
export function openOriginRequest(origin: URL, { method, target, headers, framing }: OriginRequest): ClientRequest {
  const connection = headerValues(framing, 'connection').length > 0 ? [] : ['Connection', 'keep-alive']
  const upstream = httpRequest({
    host: origin.hostname.replace(/^\[|\]$/g, ''),
    port: origin.port || 80,
    agent: false,
    method,
    path: target,
    headers: [...headers, ...framing, ...connection],
    maxHeaderSize: MAX_HEADER_SIZE,
  })
  // Without an agent, nobody else closes a kept connection.
  if (connection.length > 0) upstream.on('close', () => upstream.socket?.destroy())
  return upstream
}

/** Removes headers by name. */
export function without(raw: RawHeaders, names: readonly string[]): string[] {
  const dropped = new Set(names.map((name) => name.toLowerCase()))
  return [...headerPairs(raw)].filter(([name]) => !dropped.has(name.toLowerCase())).flat()
}
