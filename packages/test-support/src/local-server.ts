import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'

/** An HTTP server on 127.0.0.1. */
export interface LocalServer {
  /** Without a path or a slash at its end. */
  readonly url: string
  readonly port: number
  readonly server: Server
  /** The number of requests so far. */
  requests(): number
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

/** Starts a server, on a free port unless the options name one. */
export async function startServer(
  answer: RequestListener,
  { port: wanted = 0, ...options }: ServerOptions & { readonly port?: number } = {},
): Promise<LocalServer> {
  let requests = 0
  const server = createServer(options, (request, response) => {
    requests += 1
    answer(request, response)
  })
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    requests: () => requests,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * A port on which no server listens. It is below the ports that the system gives to others (port 0, connections), so that
 * none of them takes it before its own server starts.
 */
export function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  return new Promise((resolve) => {
    const probe = createTcpServer()
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(port)))
      .on('error', () => resolve(freePort()))
  })
}

/** Starts a server on a port that nobody listens on, again if another process took it in between. */
export async function onFreePort<Started>(start: (port: number) => Promise<Started>): Promise<Started> {
  for (;;) {
    try {
      return await start(await freePort())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
