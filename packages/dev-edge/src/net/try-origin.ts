import { once } from 'node:events'
import { connect } from 'node:net'

/** In milliseconds. The origin is on this machine or near it. */
const PATIENCE = 1000

/**
 * Finds out whether something listens at the origin, and why not: workerd does not say why it got no answer.
 *
 * @returns what Node reports of a connection of its own, such as `connect ECONNREFUSED 127.0.0.1:3000`; `undefined` if there is one
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

/** A name with several addresses fails with an error for each, and without a message of its own. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message
}

/** Where an origin listens: plain HTTP, and nothing behind the port. `undefined` for any other text. */
export function parseOriginUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' && url.href === `${url.origin}/` ? url : undefined
}
