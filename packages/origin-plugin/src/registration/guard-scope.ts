import type { FastifyInstance, RouteOptions } from 'fastify'
import { markAddedHooks, markHooks } from './direct-hook.ts'
import { requireRegisteredFirst } from './registration-order.ts'
import { type Registration, requireEnforced } from './require-enforced.ts'
import { type AnyHook, canSetNotFound, hooksOf, isRoot, scopesAround, scopesIn } from './scopes.ts'
import { watchServerListeners } from './server-listeners.ts'

let registrations = 0

/**
 * Puts the plugin's hook in front of all routes of a scope, and compiles the guard of each route.
 *
 * @returns the check that everything in the configuration is enforced, for the time when the server is ready
 * @throws TypeError if routes were registered before
 */
export function guardScope(app: FastifyInstance, registration: Registration): () => void {
  const { guards, guardRequest } = registration
  // Fastify prints the hooks of a route by name. The number tells the registrations in different scopes apart.
  Object.defineProperty(guardRequest, 'name', { value: `countersign:${++registrations}` })

  const earlier = requireRegisteredFirst(app, (route) => guards.addEarlier(route))
  onFinalRoute(app, (route) => {
    markHooks(route)
    guards.add(route)
  })
  markAddedHooks(app)
  const outside: RouteOptions[] = []
  for (const scope of scopesAround(app)) scope.addHook('onRoute', (route) => void outside.push(route))
  app.addHook('onRequest', guardRequest)
  guardUnknownPaths(app)

  const listeners = watchServerListeners(app)

  return () => {
    requireEnforced(app, { ...registration, earlier, outside })
    listeners.requireOnly(registration.listenersInFront)
  }
}

/**
 * Passes each route to a function after all other `onRoute` hooks have changed it: in this scope and in the scopes
 * inside, those that exist already too.
 */
function onFinalRoute(app: FastifyInstance, take: (route: RouteOptions) => void): void {
  function runLast(this: FastifyInstance, route: RouteOptions): void {
    const hooks = hooksOf(this).onRoute as AnyHook[]
    // Removed before it can throw.
    if (hooks.at(-1) === runLast) hooks.pop()
    take(route)
  }
  for (const scope of scopesIn(app)) {
    scope.addHook('onRoute', function collect(this: FastifyInstance) {
      // Fastify iterates over this very list, so it comes to the new hook after all others.
      const hooks = hooksOf(this).onRoute as AnyHook[]
      if (hooks.at(-1) !== runLast) hooks.push(runLast)
    })
  }
}

/**
 * In a scope that is not the root and has no prefix, such as an application of fastify-cli, the root answers unknown
 * paths. Fastify's own handler, set once more here, gets the hooks of this scope.
 */
function guardUnknownPaths(app: FastifyInstance): void {
  // Fastify accepts the call without a handler, its types do not.
  const setDefault = app.setNotFoundHandler as () => FastifyInstance
  if (!isRoot(app) && app.prefix === '' && canSetNotFound(app)) setDefault.call(app)
}
