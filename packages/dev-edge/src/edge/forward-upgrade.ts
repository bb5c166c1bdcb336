import { request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { headerPairs, headerValues } from '../net/raw-headers.ts'
import { hangUp } from '../net/stream-body.ts'
import { answerBadGateway } from './answer-bad-gateway.ts'
import { type ClientAnswer, Http1Answer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { buildAnswerHeaders } from './edge-headers.ts'
import { takeAnswer } from './forward-request.ts'
import type { NextHop, WorkerRequest } from './worker-request.ts'

/** Sends a WebSocket handshake to the next server, and joins the two sockets when the origin agrees. */
export function forwardUpgrade(
  request: ClientRequest,
  answer: ClientAnswer,
  socket: Duplex,
  head: Buffer,
  { method, target, headers }: WorkerRequest,
  next: NextHop,
): void {
  const [protocol = 'websocket'] = headerValues(request.headers, 'upgrade')
  const { host, port, release } = next.lease()
  const upstream = httpRequest({
    host,
    port,
    agent: false,
    method,
    path: target,
    headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', protocol],
  })
  upstream.on('upgrade', (response, upstreamSocket, upstreamHead) => {
    answer.switchProtocols()
    socket.write(formatHead(response, protocol, answer.ray))
    if (upstreamHead.length > 0) socket.write(upstreamHead)
    if (head.length > 0) upstreamSocket.write(head)
    // pipe() forwards an end and not an error.
    upstreamSocket.on('error', () => socket.destroy())
    socket.pipe(upstreamSocket).pipe(socket)
  })
  upstream.on('response', (response) => void takeAnswer(request, response, answer, next))
  upstream.on('error', (error) => void answerBadGateway(request, answer, next, error))
  socket.on('close', () => {
    hangUp(upstream)
    release()
  })
  upstream.end()
}

/** Builds an ordinary answer on the socket of a handshake, which `node:http` has already detached. */
export function answerOn(socket: Duplex, request: IncomingMessage): ClientAnswer {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.on('finish', () => socket.end())
  return new Http1Answer(response)
}

function formatHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage, protocol: string, ray: string): string {
  const headers = ['Connection', 'Upgrade', 'Upgrade', protocol, ...buildAnswerHeaders(rawHeaders, ray)]
  const lines = [...headerPairs(headers)].map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n')
}
