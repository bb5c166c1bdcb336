import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import { text } from 'node:stream/consumers'
import type { EdgeTlsOptions } from '../../src/net/edge-fetch.ts'

/** Opens a connection of HTTP/2. */
export async function connectHttp2(
  { host: _, ...tls }: EdgeTlsOptions,
  options?: SecureClientSessionOptions,
): Promise<ClientHttp2Session & AsyncDisposable> {
  const session = connect(`https://127.0.0.1:${tls.port}`, { ...tls, ...options })
  await Promise.all([once(session, 'connect'), once(session, 'remoteSettings')])
  session.on('error', () => {})
  return Object.assign(session, {
    [Symbol.asyncDispose]: async () => {
      if (session.destroyed) return
      const closed = once(session, 'close')
      session.destroy()
      await closed
    },
  })
}

/** The answer on a stream. */
export interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: as Response.json()
  json(): any
}

/** Sends one request and reads its answer. The authority is `app.example.com` unless the headers say otherwise. */
export async function request(
  session: ClientHttp2Session,
  extra: OutgoingHttpHeaders,
  payload?: string,
): Promise<Http2Answer> {
  const stream = session.request({ ':authority': 'app.example.com', ...extra }, { endStream: payload === undefined })
  if (payload !== undefined) stream.end(payload)
  const [headers] = await once(stream, 'response')
  const body = await text(stream)
  return { headers, body, json: () => JSON.parse(body) }
}
