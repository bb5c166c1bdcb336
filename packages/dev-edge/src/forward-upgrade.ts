import { request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerFailure } from './answer.ts'
import { forwardAnswer, hangUp, originUnreachable, type WorkerAddress } from './forward-request.ts'
import { headerPairs } from './hop-by-hop.ts'
import type { WorkerRequest } from './worker-request.ts'

/** Sends a WebSocket handshake to the Worker, and joins the two sockets when the origin agrees. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { method, target, headers }: WorkerRequest,
  worker: WorkerAddress,
): void {
  const upstream = httpRequest({
    host: worker.host,
    port: worker.port,
    agent: false,
    method,
    path: target,
    headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? 'websocket'],
  })
  upstream.on('upgrade', (answer, upstreamSocket, upstreamHead) => {
    socket.write(formatHead(answer))
    if (upstreamHead.length > 0) socket.write(upstreamHead)
    if (head.length > 0) upstreamSocket.write(head)
    // pipe() passes an end on, and not an error.
    upstreamSocket.on('error', () => socket.destroy())
    socket.pipe(upstreamSocket).pipe(socket)
  })
  upstream.on('response', (answer) => forwardAnswer(answer, responseOn(socket, request)))
  upstream.on('error', (error) => answerFailure(responseOn(socket, request), originUnreachable(error, worker)))
  socket.on('close', () => hangUp(upstream))
  upstream.end()
}

/** An ordinary answer on the socket of a handshake, which `node:http` has already handed over. */
export function responseOn(socket: Duplex, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.on('finish', () => socket.end())
  return response
}

function formatHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [...headerPairs(rawHeaders)].map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n')
}
