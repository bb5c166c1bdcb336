import type { Server, Socket } from 'node:net'

/**
 * Makes a server closable at once.
 *
 * `close()` waits for open sockets. `closeAllConnections()` misses the sockets of WebSockets and sockets without a
 * first request.
 *
 * @returns a function that stops listening and cuts every connection
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
