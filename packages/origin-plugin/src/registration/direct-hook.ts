import type { FastifyInstance } from 'fastify'
import type { AnyHook } from './scopes.ts'

/** The name of the function `app.requireClientCert`, by which it is told from the hooks that it makes. */
export const HOOK_MAKER = 'app.requireClientCert'
/** The name of the hooks that it makes, by which the check at the start finds their place. */
export const MADE_HOOK: string = `${HOOK_MAKER}()`

/** The kinds of hooks that run before the handler, so that a refusal keeps the handler from answering. */
export const BEFORE_HANDLER: readonly string[] = ['onRequest', 'preParsing', 'preValidation', 'preHandler']

let isDirect = false

/**
 * Whether Fastify itself calls the hook that runs now: as a hook of the route, of its scope, or of the handler for
 * unknown paths. Another plugin, such as `@fastify/auth`, can call a hook too, and its outcome then belongs to a decision
 * of that plugin. Such a list can have the very function that is a hook of the route too, so each hook of Fastify's is
 * a function of its own, which {@link markHooks} makes.
 *
 * Call it from the hook, before its first `await`.
 */
export const isDirectCall = (): boolean => isDirect

/** Marks the hooks of a route, or of a handler for unknown paths, that `app.requireClientCert()` made. */
export function markHooks(owner: object): void {
  for (const kind of BEFORE_HANDLER) {
    const hooks = [(owner as Record<string, AnyHook | AnyHook[] | null | undefined>)[kind] ?? []].flat()
    if (hooks.some(isMade)) Object.assign(owner, { [kind]: hooks.map(marked) })
  }
}

/** Marks the hooks that are added to a scope, and to the scopes in it, from now on. */
export function markAddedHooks(app: FastifyInstance): void {
  const addHook = app.addHook as (name: string, hook: AnyHook) => FastifyInstance
  Object.assign(app, {
    addHook(this: FastifyInstance, name: string, hook: AnyHook) {
      return addHook.call(this, name, marked(hook))
    },
  })
}

/** Fastify binds some hooks to their scope, and these twice. */
export const nameOfHook = ({ name }: AnyHook): string => name.replace(/^(?:bound )+/, '')

const isMade = (hook: unknown): hook is AnyHook =>
  typeof hook === 'function' && nameOfHook(hook as AnyHook) === MADE_HOOK

/** A function that calls the hook and marks the call; the hook itself if `app.requireClientCert()` did not make it. */
function marked(hook: AnyHook): AnyHook {
  if (!isMade(hook)) return hook
  const call: AnyHook = (...parameters) => {
    isDirect = true
    try {
      return hook(...parameters)
    } finally {
      isDirect = false
    }
  }
  return Object.defineProperty(call, 'name', { value: MADE_HOOK })
}
