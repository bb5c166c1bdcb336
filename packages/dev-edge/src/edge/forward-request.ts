import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type ClientRequest as WorkerConnection,
} from 'node:http'
import type { RunningWorker } from '../workerd/running-worker.ts'
import { answerFailure } from './answer.ts'
import { answerBadGateway } from './answer-bad-gateway.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { readRefusalCode } from './refusal-code.ts'
import type { WorkerRequest } from './worker-request.ts'

/**
 * Sends a request to the Worker and its answer to the client. Both bodies stream. When one side breaks off, the other
 * is cut.
 */
export function forwardRequest(
  request: ClientRequest,
  answer: ClientAnswer,
  { method, target, headers }: WorkerRequest,
  worker: RunningWorker,
  agent: Agent,
): void {
  const { host, port, release } = worker.lease()
  const upstream = httpRequest({
    host,
    port,
    agent,
    method,
    path: target,
    headers: [...headers, ...request.framing],
  })
  upstream.on('response', (response) => forwardAnswer(response, answer))
  upstream.on('error', (error) => {
    request.body.unpipe(upstream)
    // The client may still be sending. It reads the answer only after its own body, so the rest is drained.
    request.body.resume()
    void answerBadGateway(request, answer, worker.origin, error)
  })
  upstream.on('close', release)
  answer.body.on('close', () => {
    if (answer.isBroken) hangUp(upstream)
  })
  const finish = () => {
    if (request.isComplete()) upstream.end()
    else hangUp(upstream)
  }
  // node:http2 ends an empty body before it has a reader.
  if (request.body.readableEnded) finish()
  else request.body.on('end', finish)
  request.body.on('close', () => {
    if (!request.isComplete()) hangUp(upstream)
  })
  request.body.pipe(upstream, { end: false })
}

/**
 * Resets the connection. workerd takes a plain end of the connection for a client that still reads, and completes a
 * chunked body towards the origin.
 */
export function hangUp(upstream: WorkerConnection): void {
  upstream.socket?.resetAndDestroy()
  upstream.destroy()
}

/**
 * Forwards an answer unchanged. Repeated lines such as Set-Cookie are kept, and the head is sent before the body
 * begins.
 */
export function forwardAnswer(response: IncomingMessage, answer: ClientAnswer): void {
  if (answer.isBroken) return
  try {
    answer.begin(response.statusCode ?? 502, response.statusMessage ?? '', response.rawHeaders)
  } catch (error) {
    response.destroy()
    answerFailure(answer, error)
    return
  }
  response.on('close', () => {
    if (!response.complete) answer.cut()
  })
  readRefusalCode(response, (code) => {
    answer.code = code
  })
  response.pipe(answer.body)
}
