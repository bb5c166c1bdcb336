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

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'is not for you: ports below 1024 need privileges',
}

function describeListenError(error: NodeJS.ErrnoException, port: number): Error {
  const { code = '' } = error
  const reason = REASONS[code]
  if (!reason) return error
  const message = `Port ${port} of 127.0.0.1 ${reason} (${code}). Write another one as "port", or 0 for any that is free`
  return Object.assign(new Error(message, { cause: error }), { code })
}
