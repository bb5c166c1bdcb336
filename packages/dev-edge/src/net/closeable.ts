import type { Server, Socket } from 'node:net'

/**
 * Makes a server closable at once.
 *
 * `closeAllConnections()` knows neither the sockets of WebSockets nor those on which no request has begun, and
 * `close()` waits for them.
 *
 * @returns stops listening and cuts every connection
 */
export function closeable(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }
}
