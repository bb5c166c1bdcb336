import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { headerPairs, headerValues, withoutHopByHop } from '../net/raw-headers.ts'
import { hangUp } from '../net/stream-body.ts'
import { openOriginRequest, readOriginRequest } from './origin-request.ts'
import { relayAnswer } from './relay-answer.ts'

/** Relays the handshake of a WebSocket to the origin, and joins the two sockets when the origin agrees. */
export function relayUpgrade(origin: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const upgrade = ['Connection', 'Upgrade', 'Upgrade', ...headerValues(request.rawHeaders, 'upgrade')]
  const upstream = openOriginRequest(origin, { ...readOriginRequest(request), framing: upgrade })
  upstream.on('upgrade', (answer, originSocket, originHead) => {
    const headers = [...upgrade, ...withoutHopByHop(answer.rawHeaders)]
    const lines = [...headerPairs(headers)].map(([name, value]) => `${name}: ${value}`)
    socket.write([`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`, ...lines, '', ''].join('\r\n'), 'latin1')
    if (originHead.length > 0) socket.write(originHead)
    if (head.length > 0) originSocket.write(head)
    joinSockets(socket, originSocket)
  })
  relayAnswer(upstream, answerOn(socket, request))
  socket.on('error', () => socket.destroy())
  socket.on('close', () => hangUp(upstream))
  upstream.end()
}

/** Joins two sockets until one of them ends or fails. */
export function joinSockets(one: Duplex, other: Duplex): void {
  // pipe() forwards an end and not an error.
  other.on('error', () => one.destroy())
  one.pipe(other).pipe(one)
}

/** An ordinary answer on the socket of a handshake, which `node:http` has already detached. */
function answerOn(socket: Duplex, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.on('finish', () => socket.end())
  return response
}
