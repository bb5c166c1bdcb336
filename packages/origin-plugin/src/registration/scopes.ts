import type { FastifyInstance } from 'fastify'

/** A hook of any kind. */
export type AnyHook = (...parameters: never[]) => unknown

/** The handler for unknown paths, as Fastify runs it. Its hooks are those of the scope that set it. */
export interface NotFoundContext {
  readonly config: object
  readonly onRequest: readonly AnyHook[] | null
  readonly [kind: string]: unknown
}

/**
 * Fastify keeps these under symbols of its own, and has no public way to read them: which scopes a scope contains,
 * which hooks run in it in which order, which handler answers its unknown paths, and the options of the server.
 */
const INTERNALS = {
  children: 'fastify.children',
  hooks: 'fastify.hooks',
  notFound: 'fastify.404ContextKey',
  canSetNotFound: 'fastify.canSetNotFoundHandler',
  options: 'fastify.options',
} as const

/** Whether the scope is the server itself. */
export const isRoot = (app: FastifyInstance): boolean => Object.getPrototypeOf(app) === Object.prototype

/** The scopes that contain this one, the nearest first. */
export function scopesAround(app: FastifyInstance): FastifyInstance[] {
  if (isRoot(app)) return []
  const parent = Object.getPrototypeOf(app) as FastifyInstance
  return [parent, ...scopesAround(parent)]
}

/** This scope and all scopes in it. */
export function scopesIn(app: FastifyInstance): FastifyInstance[] {
  const children = internal(app, 'children') as FastifyInstance[]
  return [app, ...children.flatMap(scopesIn)]
}

/** The hooks of a scope by kind, in the order in which they run. The lists are Fastify's own. */
export function hooksOf(app: FastifyInstance): Readonly<Record<string, AnyHook[]>> {
  return internal(app, 'hooks') as Record<string, AnyHook[]>
}

/** The handler that answers unknown paths in this scope. */
export function notFoundOf(app: FastifyInstance): NotFoundContext {
  return internal(app, 'notFound') as NotFoundContext
}

/** Whether Fastify accepts a handler for unknown paths here: it accepts one for each prefix. */
export function canSetNotFound(app: FastifyInstance): boolean {
  return internal(app, 'canSetNotFound') === true
}

/** Whether the operator's own function made the HTTP server. */
export function hasServerFactory(app: FastifyInstance): boolean {
  return (internal(app, 'options') as { readonly serverFactory?: unknown }).serverFactory !== undefined
}

function internal(app: FastifyInstance, name: keyof typeof INTERNALS): unknown {
  const root = scopesAround(app).at(-1) ?? app
  const symbol = Object.getOwnPropertySymbols(root).find(({ description }) => description === INTERNALS[name])
  const value = symbol && (app as unknown as Record<symbol, unknown>)[symbol]
  if (value === undefined) throw new TypeError('this version of Fastify is not supported; use Fastify 5')
  return value
}
