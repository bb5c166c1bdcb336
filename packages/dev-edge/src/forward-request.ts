import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { answerFailure } from './answer.ts'
import { withoutHopByHop } from './hop-by-hop.ts'
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
  request: IncomingMessage,
  response: ServerResponse,
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
    headers: [...headers, ...bodyFraming(request)],
  })
  upstream.on('response', (answer) => forwardAnswer(answer, response))
  upstream.on('error', (error) => {
    request.unpipe(upstream)
    // The client may still be sending, and reads the answer only when it is done.
    request.resume()
    answerFailure(response, originUnreachable(error, worker))
  })
  response.on('close', () => {
    if (!response.writableFinished) hangUp(upstream)
  })
  request.pipe(upstream)
}

/** With a reset, since workerd takes a mere end of the connection for a client that still wants to read. */
export function hangUp(upstream: ClientRequest): void {
  upstream.socket?.resetAndDestroy()
  upstream.destroy()
}

/** Passes an answer on as it is: repeats such as Set-Cookie are kept, and the head goes before the body has begun. */
export function forwardAnswer(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', withoutHopByHop(answer.rawHeaders))
  response.flushHeaders()
  answer.on('close', () => {
    if (!answer.complete) response.destroy()
  })
  answer.pipe(response)
}

/** Content-Length passes as it came. A chunked body stays chunked, and an absent one is said to be absent. */
function bodyFraming({ headers, method }: IncomingMessage): string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  if (headers['content-length'] !== undefined || method === 'GET' || method === 'HEAD') return []
  return ['Content-Length', '0']
}
