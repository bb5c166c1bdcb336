import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { type RawHeaders, withoutHopByHop } from '../net/raw-headers.ts'
import { hangUp } from '../net/stream-body.ts'

/** Changes the headers of an answer on its way. */
export type AnswerHeaders = (answer: IncomingMessage) => RawHeaders

/**
 * Relays the origin's answer to the Worker, head first. When one side breaks off, the other is cut. Without an answer
 * the Worker's `fetch()` fails, as it does for an origin that is away.
 */
export function relayAnswer(
  upstream: ClientRequest,
  response: ServerResponse,
  headersOf: AnswerHeaders = ({ rawHeaders }) => rawHeaders,
): void {
  upstream.on('response', (answer) => {
    if (response.destroyed) return
    beginAnswer(response, answer.statusCode ?? 502, answer.statusMessage ?? '', headersOf(answer))
    answer.on('close', () => {
      if (!answer.complete) response.destroy()
    })
    answer.pipe(response)
  })
  upstream.on('error', () => {
    if (!response.headersSent) response.destroy()
  })
  response.on('close', () => {
    if (!response.writableFinished) hangUp(upstream)
  })
}

/** Sends the head of an answer at once, with exactly these headers. */
export function beginAnswer(response: ServerResponse, status: number, reason: string, headers: RawHeaders): void {
  response.sendDate = false
  response.writeHead(status, reason, [...withoutHopByHop(headers)])
  response.flushHeaders()
}
