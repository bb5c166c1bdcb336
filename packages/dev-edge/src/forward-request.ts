import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type ClientRequest as WorkerConnection,
} from 'node:http'
import { answerFailure } from './answer.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { RefusedByEdge } from './refused-by-edge.ts'
import type { WorkerRequest } from './worker-request.ts'

/** Where the Worker listens, and whom it asks. */
export interface WorkerAddress {
  readonly host: string
  readonly port: number
  /** `http://host:port` */
  readonly origin: string
}

/** workerd closes the connection when the Worker's `fetch()` fails, as it does when nobody listens at the origin. */
export function originUnreachable(error: Error, { origin }: WorkerAddress): RefusedByEdge {
  return new RefusedByEdge(
    502,
    'CSN_DEV_ORIGIN_UNREACHABLE',
    `The Worker got no answer from ${origin}: does your server run there? (${error.message})`,
  )
}

/** Sends a request to the Worker and its answer to the client. Both bodies stream; whoever hangs up ends the other side. */
export function forwardRequest(
  request: ClientRequest,
  answer: ClientAnswer,
  { method, target, headers }: WorkerRequest,
  worker: WorkerAddress,
  agent: Agent,
): void {
  const upstream = httpRequest({
    host: worker.host,
    port: worker.port,
    agent,
    method,
    path: target,
    headers: [...headers, ...request.framing],
  })
  upstream.on('response', (response) => forwardAnswer(response, answer))
  upstream.on('error', (error) => {
    request.body.unpipe(upstream)
    // The client may still be sending, and reads the answer only when it is done.
    request.body.resume()
    answerFailure(answer, originUnreachable(error, worker))
  })
  answer.body.on('close', () => {
    if (answer.isBroken) hangUp(upstream)
  })
  request.body.on('end', () => {
    if (request.isComplete()) upstream.end()
    else hangUp(upstream)
  })
  request.body.on('close', () => {
    if (!request.isComplete()) hangUp(upstream)
  })
  request.body.pipe(upstream, { end: false })
}

/** With a reset, since workerd takes a mere end of the connection for a client that still wants to read. */
export function hangUp(upstream: WorkerConnection): void {
  upstream.socket?.resetAndDestroy()
  upstream.destroy()
}

/** Passes an answer on as it is: repeats such as Set-Cookie are kept, and the head goes before the body has begun. */
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
  response.pipe(answer.body)
}
