import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/**
 * Listens on the loopback address, which other machines cannot reach. Returns the port.
 *
 * @throws Error with Node's `code`, such as `EADDRINUSE`. The message tells the caller which port to write.
 */
export async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw describeListenError(error as NodeJS.ErrnoException, port)
  }
  return (server.address() as AddressInfo).port
}

const REASONS: Readonly<Record<string, (port: number) => string>> = {
  EADDRINUSE: (port) => `port ${port} of 127.0.0.1 is taken (EADDRINUSE); choose another port`,
  EACCES: (port) => `no permission to listen on port ${port} of 127.0.0.1 (EACCES); choose a port above 1023`,
}

function describeListenError(error: NodeJS.ErrnoException, port: number): Error {
  const { code = '' } = error
  const reason = REASONS[code]
  if (!reason) return error
  return Object.assign(new Error(`${reason(port)}, or 0 for any free one`, { cause: error }), { code })
}
