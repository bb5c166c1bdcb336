import type { FastifyInstance } from 'fastify'
import { type PrintedRoute, printedRoutes } from './printed-routes.ts'
import { isRoot } from './scopes.ts'

/**
 * Requires that the plugin is registered before the routes, except for those that a rule covers.
 *
 * Fastify runs a hook on earlier routes of its scope too, but it does not show these routes to the plugin, nor their
 * requirements.
 *
 * @param isCovered - whether a rule of the option `routes` covers the route
 * @returns the routes of the whole server that were declared before
 * @throws TypeError whose message states the correction
 */
export function requireRegisteredFirst(
  app: FastifyInstance,
  isCovered: (route: PrintedRoute) => boolean,
): PrintedRoute[] {
  const earlier = printedRoutes(app)
  // In a scope of its own, the plugin cannot tell before the server is ready which of these routes it guards.
  const open = isRoot(app) ? earlier.find((route) => !isCovered(route)) : undefined
  if (open !== undefined) throw registeredBefore(open)
  return earlier
}

/** Refuses a second registration: each request would be verified twice, by the options of two owners. */
export function requireRegisteredOnce(app: FastifyInstance): void {
  if (app.hasRequestDecorator('clientCert')) {
    throw new TypeError('countersign is registered twice in one scope, or again inside it; register it once')
  }
}

/** The error of a route that nothing guards. */
export function registeredBefore({ method, url }: PrintedRoute): TypeError {
  return new TypeError(
    `${method} ${url} was registered before countersign and would not be protected; write \`await app.register(countersign, …)\` before it, or cover it with a rule of the option routes`,
  )
}
