import { onDistrust } from '@countersign/origin-plugin'
import type { WebSocket } from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'

/** The client violates a policy of the server (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008

/** Milliseconds in which the client can answer the close. */
const PATIENCE = 1_000

/** Closes a WebSocket as soon as its client is trusted no longer. */
export function closeOnDistrust(socket: WebSocket, request: FastifyRequest): void {
  const stop = onDistrust(request, ({ code }) => {
    // Attack: a client does not answer the close, and sends messages for the half minute that ws waits.
    socket.removeAllListeners('message')
    socket.close(POLICY_VIOLATION, code)
    setTimeout(() => socket.terminate(), PATIENCE).unref()
  })
  socket.once('close', stop)
}
