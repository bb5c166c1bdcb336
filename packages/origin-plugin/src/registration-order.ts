import type { FastifyInstance } from 'fastify'

/**
 * Requires that the plugin is registered before all routes. Fastify copies the hooks of a scope into a child scope when
 * it makes the child, so the routes of an earlier plugin would silently stay open.
 *
 * @throws TypeError whose message states the correction
 */
export function requireRegisteredFirst(app: FastifyInstance): void {
  if (app.hasRequestDecorator('clientCert')) {
    throw new TypeError('countersign is registered twice in one scope, or again inside it; register it once')
  }
  if (hasChildScopes(app) || (isRoot(app) && hasRoutes(app))) {
    throw new TypeError(
      'routes or plugins were registered before countersign and would not be protected; write `await app.register(countersign, …)` before them, and `config: { clientCert: false }` on public routes',
    )
  }
}

/** Fastify keeps the children of a scope under a symbol of its own, and has no public way to list them. */
function hasChildScopes(app: FastifyInstance): boolean {
  const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.children')
  const children = symbol && (app as unknown as Record<symbol, unknown>)[symbol]
  if (!Array.isArray(children)) throw new TypeError('this version of Fastify is not supported; use Fastify 5')
  return children.length > 0
}

function isRoot(app: FastifyInstance): boolean {
  return Object.getPrototypeOf(app) === Object.prototype
}

/** The router prints this while it has no routes. */
const EMPTY_ROUTER = '(empty tree)'

function hasRoutes(app: FastifyInstance): boolean {
  return app.printRoutes() !== EMPTY_ROUTER
}
