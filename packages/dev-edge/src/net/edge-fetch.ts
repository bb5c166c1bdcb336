import type { IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { DevClient } from '../pki/dev-client.ts'
import { headerPairs } from './raw-headers.ts'

/**
 * Options of {@link DevEdge.fetch}.
 *
 * @example
 * ```ts
 * const options: EdgeFetchOptions = { client: edge.clients.alice, method: 'POST', body: '{}' }
 * await edge.fetch('/pay', options)
 * ```
 */
export interface EdgeFetchOptions {
  /** The client that sends the request. Without it no certificate is sent. */
  readonly client?: DevClient | undefined
  /** The default is `GET`. */
  readonly method?: string | undefined
  /** Pairs keep order, case and repeats. In an object, an array stands for repeated lines. */
  readonly headers?:
    | Readonly<Record<string, string | readonly string[]>>
    | readonly (readonly [name: string, value: string])[]
    | undefined
  /** A stream is sent chunked. */
  readonly body?: string | Uint8Array | Readable | undefined
  /** The highest TLS version to offer. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Cuts the connection when it fires. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The answer of {@link DevEdge.fetch}, of any status.
 *
 * @example
 * ```ts
 * const answer: EdgeResponse = await edge.fetch('/me')
 * console.log(answer.status, answer.json().code)
 * ```
 */
export interface EdgeResponse {
  readonly status: number
  /** As `node:http` reads them: names in lower case, `set-cookie` as an array. */
  readonly headers: IncomingHttpHeaders
  /** The body as UTF-8 text. */
  readonly body: string
  /**
   * Parses the body.
   *
   * @throws SyntaxError if it is not JSON
   */
  // biome-ignore lint/suspicious/noExplicitAny: as Response.json()
  json(): any
}

/**
 * Options of a client for `node:tls`, `node:https` and `ws`, ready to spread.
 *
 * @example
 * ```ts
 * import { get } from 'node:https'
 *
 * const options: EdgeTlsOptions = edge.tlsOptions(edge.clients.alice)
 * get({ ...options, path: '/me' }, (answer) => console.log(answer.statusCode))
 * ```
 */
export interface EdgeTlsOptions {
  readonly host: string
  readonly port: number
  readonly servername: string
  /** PEM of the CA that issued the edge's own certificate. */
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

/** Sends one request on a connection of its own. The path is sent exactly as given. */
export async function edgeFetch(path: string, options: EdgeFetchOptions, tls: EdgeTlsOptions): Promise<EdgeResponse> {
  const { method = 'GET', body, maxVersion, signal } = options
  const requestOptions: RequestOptions = {
    ...tls,
    agent: false,
    method,
    path,
    headers: rawHeaders(options, `${tls.servername}:${tls.port}`),
    ...(maxVersion && { maxVersion }),
    ...(signal && { signal }),
  }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(requestOptions, (response) => {
      buffer(response).then((bytes) => {
        const text = bytes.toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: () => JSON.parse(text),
        })
      }, reject)
    })
    request.on('error', reject)
    if (body instanceof Readable) body.on('error', (error) => request.destroy(error)).pipe(request)
    else request.end(body)
  })
}

function rawHeaders({ headers = {}, body, method = 'GET' }: EdgeFetchOptions, host: string): string[] {
  const raw = Array.isArray(headers)
    ? headers.flat()
    : Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((line) => [name, line as string]))
  const names = new Set([...headerPairs(raw)].map(([name]) => name.toLowerCase()))
  if (!names.has('host')) raw.unshift('Host', host)
  if (!names.has('connection')) raw.push('Connection', 'close')
  if (!names.has('content-length') && !names.has('transfer-encoding')) raw.push(...bodyFraming(body, method))
  return raw
}

function bodyFraming(body: EdgeFetchOptions['body'], method: string): string[] {
  // For POST and others node:https would send an empty chunked body.
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : ['Content-Length', '0']
  if (body instanceof Readable) return ['Transfer-Encoding', 'chunked']
  return ['Content-Length', String(Buffer.byteLength(body))]
}
