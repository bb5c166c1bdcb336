import type { FastifyRequest, RouteOptions } from 'fastify'
import { type AnyHook, hooksOf, type NotFoundContext } from './scopes.ts'

/** The name of the function `app.requireClientCert`, by which it is told from the hooks that it makes. */
export const HOOK_MAKER = 'app.requireClientCert'
/** The name of the hooks that it makes, by which the check at the start finds their place. */
export const MADE_HOOK: string = `${HOOK_MAKER}()`

/** The kinds of hooks that run before the handler, so that a refusal keeps the handler from answering. */
export const BEFORE_HANDLER: readonly string[] = ['onRequest', 'preParsing', 'preValidation', 'preHandler']

/** Whether a hook of a handler for unknown paths is being called. */
let isOfUnknownPath = false

/**
 * Whether Fastify itself runs a hook that `app.requireClientCert()` made, for the route of a request: as a hook of the
 * route, of its scope, or of the handler for unknown paths. Another plugin, such as `@fastify/auth`, can call the hook
 * too, and its outcome then belongs to a decision of that plugin.
 *
 * Call it from the hook, before its first `await`.
 *
 * Attack: the same hook is one of the route, and in the list of `@fastify/auth` too. Fastify binds its hooks to their
 * scope, and a list calls them without one.
 *
 * @param caller - the `this` of the hook
 * @param route - the declaration of the route; `undefined` for the handler for unknown paths
 */
export function isDirectHook(
  hook: unknown,
  caller: unknown,
  { server }: FastifyRequest,
  route: RouteOptions | undefined,
): boolean {
  const isListed = (hooks: object) =>
    BEFORE_HANDLER.some((kind) => [(hooks as Record<string, unknown>)[kind]].flat().includes(hook))
  if (isOfUnknownPath) return true
  return caller === server && (isListed(hooksOf(server)) || (route !== undefined && isListed(route)))
}

/**
 * Marks the hooks of a handler for unknown paths. Fastify has bound them, so they are not the functions that the
 * operator wrote, and a route can call this handler in the middle of its own request.
 */
export function markHooksOfUnknownPaths(context: NotFoundContext): void {
  for (const kind of BEFORE_HANDLER) {
    const hooks = [context[kind] ?? []].flat() as AnyHook[]
    if (hooks.some(isMade))
      Object.assign(context, { [kind]: hooks.map((hook) => (isMade(hook) ? marked(hook) : hook)) })
  }
}

/** Fastify binds some hooks to their scope, and these twice. */
export const nameOfHook = ({ name }: AnyHook): string => name.replace(/^(?:bound )*/, '')

const isMade = (hook: AnyHook): boolean => nameOfHook(hook) === MADE_HOOK

function marked(hook: AnyHook): AnyHook {
  const call: AnyHook = (...parameters) => {
    isOfUnknownPath = true
    try {
      return hook(...parameters)
    } finally {
      isOfUnknownPath = false
    }
  }
  return Object.defineProperty(call, 'name', { value: hook.name })
}
