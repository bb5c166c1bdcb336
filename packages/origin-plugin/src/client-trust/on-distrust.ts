import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type CertifiedRequest, requireRequest } from '../client-cert.ts'
import type { CountersignError } from '../errors.ts'
import { logDistrust } from '../events/refusal-log.ts'
import { writeLine } from '../lib/write-line.ts'
import { TRUST_WATCH, type TrustWatch } from './trust-watch.ts'

/** The part of a server that the plugin adds for {@link onDistrust}. */
export interface TrustingServer {
  readonly watch: TrustWatch
  /** Whether the route with this config refuses requests. */
  isEnforced(config: object): boolean
}

/**
 * Calls a function once, as soon as a new request of this client would be refused for its certificate: it has expired,
 * it or a CA in its path is revoked, or its issuer is trusted no longer. Use it for a connection that outlives its
 * request, such as a WebSocket or a stream of events, whose client is verified at the start only.
 *
 * It notices this within a second or two, and a revocation so long after the next load of the list. Without a current
 * list it calls the function too, with `CSN_REVOCATION_UNAVAILABLE`, unless the list has `onStale: 'accept'`. It asks
 * neither Access nor `identify` again.
 *
 * The log of the request gets a line with the reason. In report mode that is all, and the function is not called.
 *
 * @param callback - gets the refusal. An exception or a rejection is logged
 * @returns a function that ends the watch. The end of the socket ends it too, but a socket can outlive a stream of events
 * @throws TypeError on a public route, on an optional one if the client presented no certificate, in report mode if the
 *   client did not prove one, on a route that the plugin does not guard, for another value than the request of
 *   Fastify, and without a function
 * @example
 * ```ts
 * app.get('/events', (request, reply) => {
 *   reply.hijack()
 *   const stop = onDistrust(request, ({ code }) => reply.raw.end(`event: ${code}\n\n`))
 *   reply.raw.once('close', stop)
 * })
 * ```
 */
export function onDistrust(request: CertifiedRequest, callback: (refusal: CountersignError) => unknown): () => void {
  // Without a function, the connection of a client that is trusted no longer would stay open.
  if (typeof callback !== 'function') {
    throw new TypeError('callback must be a function; write onDistrust(request, () => socket.close())')
  }
  requireRequest(request, 'clientCert', 'onDistrust(request, () => socket.close())')
  const given = request as FastifyRequest
  const { clientCert } = given
  const server = given.server as FastifyInstance & { readonly [TRUST_WATCH]?: TrustingServer }
  const { watch, isEnforced } = server?.[TRUST_WATCH] ?? {}
  if (!clientCert || !watch || !isEnforced) {
    throw new TypeError(
      clientCert === null
        ? 'onDistrust() must not be called without a verified certificate: the route is public or optional, or in report mode; call it only if request.clientCert is not null'
        : 'onDistrust() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
    )
  }
  return watch.add(clientCert, {
    isClosed: () => isClosed(given),
    distrust(refusal) {
      const enforced = isEnforced(given.routeOptions.config)
      if (enforced) call(callback, refusal, given)
      logDistrust(given, refusal, enforced, clientCert)
    },
  })
}

async function call(
  callback: (refusal: CountersignError) => unknown,
  refusal: CountersignError,
  { log }: FastifyRequest,
) {
  try {
    await callback(refusal)
  } catch (err) {
    writeLine(log, 'error', 'countersign: the callback of onDistrust failed', { err })
  }
}

/** An injected request has a socket that is never closed, or none. */
function isClosed({ raw }: FastifyRequest): boolean {
  const { stream = raw.socket } = raw as { readonly stream?: { readonly destroyed?: boolean } }
  return stream?.destroyed === true
}
