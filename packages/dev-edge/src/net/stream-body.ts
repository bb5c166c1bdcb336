import { type ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { headerValues, type RawHeaders } from './raw-headers.ts'

/** A request whose body streams to the next server. */
export interface StreamedRequest {
  readonly body: Readable
  /** Whether the sender ended the body, as opposed to breaking it off. */
  isComplete(): boolean
}

/** Streams a body to the next server. Resets that connection when the sender breaks off. */
export function streamBody({ body, isComplete }: StreamedRequest, upstream: ClientRequest): void {
  const cutIncomplete = () => {
    if (!isComplete()) hangUp(upstream)
  }
  const finish = () => {
    if (isComplete()) upstream.end()
    else hangUp(upstream)
  }
  // node:http2 ends an empty body before it has a reader.
  if (body.readableEnded) finish()
  else body.on('end', finish)
  body.on('close', cutIncomplete)
  // node:http forgets a request that is answered, so its body stays open when the sender leaves in the middle of it.
  if (body instanceof IncomingMessage) {
    const { socket } = body
    socket.on('close', cutIncomplete)
    upstream.on('close', () => socket.off('close', cutIncomplete))
  }
  upstream.on('error', () => {
    body.unpipe(upstream)
    // The sender may still be sending. It reads the answer only after its own body, so the rest is drained.
    body.resume()
  })
  body.pipe(upstream, { end: false })
}

/**
 * Resets the connection. workerd takes a plain end of the connection for a client that still reads, and completes a
 * chunked body towards the origin.
 */
export function hangUp(upstream: ClientRequest): void {
  upstream.socket?.resetAndDestroy()
  upstream.destroy()
}

/** The header of a body of unknown length, for a server of HTTP/1.1. */
export const CHUNKED: RawHeaders = ['Transfer-Encoding', 'chunked']

/** Content-Length passes unchanged with the other headers. An absent body gets `Content-Length: 0`. */
export function absentBody(method: string, headers: RawHeaders): RawHeaders {
  const isStated = method === 'GET' || method === 'HEAD' || headerValues(headers, 'content-length').length > 0
  return isStated ? [] : ['Content-Length', '0']
}
