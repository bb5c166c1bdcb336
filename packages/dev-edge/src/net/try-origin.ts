import { once } from 'node:events'
import { connect } from 'node:net'

/** Milliseconds. The origin runs on this machine or near it. */
const PATIENCE = 1000

/**
 * Tries to connect to the origin and returns the reason of a failure, because workerd does not report it.
 *
 * @returns Node's reason, such as `connect ECONNREFUSED 127.0.0.1:3000`. `undefined` if the connection succeeds.
 */
export async function tryOrigin({ hostname, port }: URL): Promise<string | undefined> {
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE) })
    return undefined
  } catch (error) {
    return socket.connecting ? `connect ETIMEDOUT ${hostname}:${port}` : reasonOf(error as Error)
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/** A name with several addresses fails with an error for each of them, and with an empty message of its own. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message
}

/** Parses the address of an origin: plain HTTP, without a path. Returns `undefined` for any other text. */
export function parseOriginUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' && url.href === `${url.origin}/` ? url : undefined
}
