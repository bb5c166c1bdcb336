import type { ClientUser } from 'fastify'
import { requireRequest } from '../client-cert.ts'

/**
 * A request of any server, with any logger and type provider.
 *
 * @example
 * ```ts
 * const isKnown = (request: IdentifiedRequest) => request.clientUser !== null
 * ```
 */
export interface IdentifiedRequest {
  readonly clientUser: ClientUser | null
}

/**
 * Returns the request's user without the `null` of the type.
 *
 * @throws TypeError where there is none: without the option `identify`, on a public route, on an optional route if the
 *   client presented no certificate, in report mode if the request would be refused, on a route that the plugin does not
 *   guard, and for another value than the request of Fastify
 * @example
 * ```ts
 * app.get('/orders', (request) => clientUserOf(request))
 * ```
 */
export function clientUserOf(request: IdentifiedRequest): ClientUser {
  if (request?.clientUser) return request.clientUser
  requireRequest(request, 'clientUser', 'clientUserOf(request)')
  throw new TypeError(
    request.clientUser === null
      ? 'clientUserOf() must not be called without a user: the option identify is missing, or the route is public or optional, or in report mode; configure identify, enforce the route, or read request.clientUser, which can be null'
      : 'clientUserOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
  )
}
