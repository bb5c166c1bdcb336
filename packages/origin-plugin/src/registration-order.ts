import type { FastifyInstance } from 'fastify'

/**
 * Refuses to be registered behind routes: Fastify copies a scope's hooks into its child scopes when those are made, so
 * that routes of an earlier plugin would stay open, and nobody would notice.
 *
 * @throws TypeError that says what to write
 */
export function requireFirst(app: FastifyInstance): void {
  if (app.hasRequestDecorator('clientCert')) {
    throw new TypeError('countersign is registered twice in one scope, or again inside it: register it once')
  }
  if (hasChildScopes(app) || (isRoot(app) && hasRoutes(app))) {
    throw new TypeError(
      'routes or plugins were registered before countersign, and would not be protected: write `await app.register(countersign, …)` before them, and `config: { clientCert: false }` on the routes that are to be public',
    )
  }
}

/** Fastify keeps a scope's children under a symbol of its own, and offers no other way to learn of them. */
function hasChildScopes(app: FastifyInstance): boolean {
  const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.children')
  const children = symbol && (app as unknown as Record<symbol, unknown>)[symbol]
  if (!Array.isArray(children)) throw new TypeError('this version of Fastify is not supported: use Fastify 5')
  return children.length > 0
}

function isRoot(app: FastifyInstance): boolean {
  return Object.getPrototypeOf(app) === Object.prototype
}

/** What the router prints while it has no routes. */
const EMPTY_ROUTER = '(empty tree)'

function hasRoutes(app: FastifyInstance): boolean {
  return app.printRoutes() !== EMPTY_ROUTER
}
