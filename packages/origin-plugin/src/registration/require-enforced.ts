import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, onRequestHookHandler, preHandlerHookHandler, RouteOptions } from 'fastify'
import { requirementIn } from '../guards/requirement-in.ts'
import { hasGuard, type RouteGuards } from '../guards/routes.ts'
import { writeLine } from '../lib/write-line.ts'
import { BEFORE_HANDLER, HOOK_MAKER, MADE_HOOK, markHooks, nameOfHook } from './direct-hook.ts'
import { type PrintedRoute, printedRoutes } from './printed-routes.ts'
import { registeredBefore } from './registration-order.ts'
import { type AnyHook, hooksOf, isRoot, type NotFoundContext, notFoundOf, scopesIn } from './scopes.ts'

/** The parts of a registration that stand between Fastify and the guards. */
export interface Registration {
  readonly guards: RouteGuards
  /** The names of the hooks that the operator lets run in front of the plugin. */
  readonly hooksInFront: readonly string[]
  /** The events of the HTTP server whose listeners the operator lets run in front of the plugin. */
  readonly listenersInFront: readonly string[]
  /** The plugin's own hook. It finds the guard of a request and applies it. */
  readonly guardRequest: onRequestHookHandler
  /** Applies the guard of a handler for unknown paths before the handler. */
  readonly guardUnknown: preHandlerHookHandler
  /** Takes the identity from a refused request, before a handler for unknown paths without a requirement. */
  readonly hideRefused: preHandlerHookHandler
}

/** Whether a hook is that of any registration, by its name as Fastify prints it or binds it. */
const isGuardHook = (name: string): boolean => /^(?:bound )?countersign:\d+(?:\(\))?$/.test(name)

/** A registration, with the routes that it could not guard by itself. */
export interface Surroundings extends Registration {
  /** The routes of the whole server that were declared before the registration. */
  readonly earlier: readonly PrintedRoute[]
  /** The routes that were declared outside of the plugin's scope, after the registration. */
  readonly outside: readonly RouteOptions[]
}

/**
 * Requires that the plugin enforces every requirement in the configuration. Call it when the server is ready: before,
 * any plugin can add routes and hooks.
 *
 * @throws TypeError whose message states the correction
 */
export function requireEnforced(app: FastifyInstance, surroundings: Surroundings): void {
  const { guards, outside } = surroundings
  requireNoDefaultRoute(app)
  requireInScope(outside)
  const guarded = requireRulesForEarlier(app, surroundings)
  if (!isRoot(app) && guarded.length === 0 && guards.added().length === 0) {
    throw new TypeError(
      'countersign is registered in a scope without routes and protects nothing; wrap the plugin that registers it with fastify-plugin, or register it in the scope of the routes',
    )
  }
  for (const scope of scopesIn(app)) {
    requireInFront(scope, surroundings)
    requireCalled(hooksOf(scope), 'a hook')
  }
  // A scope without a handler for unknown paths has that of the scope around it, which comes first here.
  const prefixes = new Map<NotFoundContext, string>()
  for (const scope of scopesIn(app)) if (!prefixes.has(notFoundOf(scope))) prefixes.set(notFoundOf(scope), scope.prefix)
  for (const [context, prefix] of prefixes) {
    requireGuarded(context, prefix, app, surroundings)
    requireCalled(context, 'a hook of the handler for unknown paths')
  }
  for (const route of guards.added()) requireCalled(route, `a hook of ${[route.method].flat()} ${route.url}`)
  requirePreflights(guards.added())
  guards.complete((url, { method, constraints }) =>
    [method].flat().every((one) => app.hasRoute({ method: one as 'GET', url, constraints: constraints ?? {} })),
  )
}

/** It answers unknown paths in place of Fastify, without any hook. */
function requireNoDefaultRoute({ initialConfig }: FastifyInstance): void {
  const { routerOptions } = initialConfig as { readonly routerOptions?: { readonly defaultRoute?: unknown } }
  if (routerOptions?.defaultRoute !== undefined) {
    throw new TypeError(
      'routerOptions.defaultRoute of Fastify answers unknown paths without a check; remove it, and call setNotFoundHandler in the scope in which countersign is registered',
    )
  }
}

/** A requirement on a route outside of the scope is not enforced. The route would be open. */
function requireInScope(outside: readonly RouteOptions[]): void {
  for (const route of outside) {
    const { method, url, config } = route
    const where = `${[method].flat()} ${url}`
    if (!hasGuard(route) && requirementIn(config, where).present) {
      throw new TypeError(
        `${where} has config.clientCert outside of the scope of countersign, where nothing enforces it; wrap the plugin that registers countersign with fastify-plugin, or register it in a scope that contains the route`,
      )
    }
  }
}

/**
 * A CORS plugin answers preflights in a route for all urls. Guarded by default, it would answer no browser.
 *
 * The config of a route without a requirement has a `clientCert` too, which is not enumerable.
 */
function requirePreflights(routes: readonly RouteOptions[]): void {
  for (const { method, url, config } of routes) {
    const where = `${[method].flat()} ${url}`
    if (where.startsWith('OPTIONS ') && url.endsWith('*') && !Object.keys(config ?? {}).includes('clientCert')) {
      throw new TypeError(
        `${where} would refuse every preflight, which browsers send without a certificate; write routes: [{ method: 'OPTIONS', url: '${url}', clientCert: false }], or clientCert: true in it to refuse them`,
      )
    }
  }
}

/** Fastify runs the hook on earlier routes of the scope too. In the root, these are all earlier routes. */
function requireRulesForEarlier(
  app: FastifyInstance,
  { earlier, guards, guardRequest }: Surroundings,
): readonly PrintedRoute[] {
  if (isRoot(app) || earlier.length === 0) return earlier
  const names = new Map(printedRoutes(app).map((route) => [keyOf(route), route.hooks]))
  const hooksOfRoute = (route: PrintedRoute) => names.get(keyOf(route)) ?? []
  warnOfUnseen(
    app,
    earlier.filter((route) => !hooksOfRoute(route).some(isGuardHook)),
  )
  const guarded = earlier.filter((route) => hooksOfRoute(route).includes(`${guardRequest.name}()`))
  const open = guarded.find((route) => !guards.addEarlier(route))
  if (open !== undefined) throw registeredBefore(open)
  return guarded
}

/** Fastify does not show the config of these routes. */
function warnOfUnseen(app: FastifyInstance, unseen: readonly PrintedRoute[]): void {
  if (unseen.length === 0) return
  const message =
    'countersign: these routes were declared before it and outside of its scope. It does not protect them, and cannot see whether they have config.clientCert'
  writeLine(app.log, 'warn', message, { routes: unseen.map(({ method, url }) => `${method} ${url}`) })
}

const keyOf = ({ method, url, constraints }: PrintedRoute): string => `${method} ${url} ${constraints}`

/** A hook in front of the plugin's can answer a request that the plugin would refuse. */
function requireInFront(scope: FastifyInstance, { guardRequest, hooksInFront }: Surroundings): void {
  const hooks = hooksOf(scope).onRequest ?? []
  const names = hooks.slice(0, hooks.indexOf(guardRequest as AnyHook)).map(({ name }) => name || 'anonymous')
  if (isDeepStrictEqual(names, hooksInFront)) return
  const where = scope.prefix === '' ? '' : ` under ${scope.prefix}`
  throw new TypeError(
    names.length === 0
      ? `hooksInFront is ${JSON.stringify(hooksInFront)}, but no onRequest hook runs in front of countersign; remove the option`
      : `onRequest hooks run in front of countersign${where}, and could answer a request that it refuses; register countersign before their plugins, or write hooksInFront: ${JSON.stringify(names)} if they have to come first`,
  )
}

/** Unknown paths must be guarded: a 404 reveals which routes exist. An explicit `false` in the config makes them public. */
function requireGuarded(
  context: NotFoundContext,
  prefix: string,
  app: FastifyInstance,
  surroundings: Surroundings,
): void {
  const { guards, guardUnknown, hideRefused } = surroundings
  const isGuarded = context.onRequest?.some(({ name }) => isGuardHook(name)) ?? false
  const isPublic = (context.config as { readonly clientCert?: unknown }).clientCert === false
  if (!isGuarded && !isPublic) throw unguardedPaths(app)
  if (isGuarded) guards.addNotFound(context.config, prefix)
  markHooks(context)
  guardCalls(context, 'clientCert' in context.config && !isPublic ? guardUnknown : hideRefused)
}

/**
 * Attack: a public route that calls `reply.callNotFound()`, such as one for files, runs the handler without its
 * `onRequest` hooks. So does an error handler, after a refusal. A requirement in the config would not be enforced, so
 * the first `preHandler` enforces it.
 */
function guardCalls(context: NotFoundContext, first: preHandlerHookHandler): void {
  const preHandler = (context.preHandler ?? []) as readonly unknown[]
  Object.assign(context, { preHandler: [first, ...preHandler] })
}

function unguardedPaths(app: FastifyInstance): TypeError {
  return new TypeError(
    `the handler for unknown paths${app.prefix && ` under ${app.prefix}`} is outside of the scope of countersign, and would reveal the routes in it; call setNotFoundHandler in the scope in which countersign is registered`,
  )
}

/**
 * The hook maker without a call is a function like any hook, and would fail at each request. A hook that it made
 * protects nothing after the handler: the handler has acted, and Fastify ignores an error of `onResponse`.
 */
function requireCalled(hooks: object, where: string): void {
  for (const [kind, value] of Object.entries(hooks)) {
    const names = [value].flat().map((hook) => (typeof hook === 'function' ? nameOfHook(hook) : undefined))
    if (names.includes(HOOK_MAKER)) {
      throw new TypeError(
        `${where} is app.requireClientCert itself; call it with a requirement: app.requireClientCert(…)`,
      )
    }
    if (names.includes(MADE_HOOK) && !BEFORE_HANDLER.includes(kind)) {
      throw new TypeError(
        `${where} of app.requireClientCert(…) is ${kind}, which does not run before the handler; write ${BEFORE_HANDLER.join(', ')}, or config.clientCert`,
      )
    }
  }
}
