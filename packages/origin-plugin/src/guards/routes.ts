import { isDeepStrictEqual } from 'node:util'
import type { RouteOptions } from 'fastify'
import type { GuardCompiler } from './compile-guard.ts'
import { ANY_VERIFIED, type RouteGuard } from './guard.ts'
import { type OwnRequirement, refuseOwnMode, requirementIn, requireSpelling } from './requirement-in.ts'
import type { CompiledRule, Mode, RouteRules } from './route-rules.ts'

/**
 * A route with its protection.
 *
 * @example
 * ```ts
 * const isOpen = ({ protection, enforced }: ClientCertRoute) => protection === 'public' || !enforced
 * console.table(app.clientCertRoutes().filter(isOpen))
 * ```
 */
export interface ClientCertRoute {
  readonly method: string
  readonly url: string
  /**
   * `public`: `clientCert: false`. `optional`: no certificate, or one that matches `optional(…)`. `verified`: any
   * verified certificate. `guarded`: a requirement on top.
   */
  readonly protection: 'public' | 'optional' | 'verified' | 'guarded'
  /** The requirement in words. */
  readonly requirement: string
  /** `false` in report mode: refusals of this route are reported, and its handler answers all the same. */
  readonly enforced: boolean
}

/** The protection of a route that is not public. */
export interface Protection {
  readonly guard: RouteGuard
  /** `false` in report mode. */
  readonly enforced: boolean
}

/** A route as an `onRoute` hook gets it. */
export type DeclaredRoute = RouteOptions & { readonly prefix?: string }

/** A route that the plugin did not see being declared. */
export interface EarlierRoute {
  readonly method: string
  readonly url: string
}

/** The guards of all routes in the plugin's scope. */
export interface RouteGuards {
  /**
   * Compiles a route's guard. Call it after every other `onRoute` hook, because each of them may change the config.
   *
   * @throws TypeError if the route's requirement is wrong, or contradicts a rule
   */
  add(route: DeclaredRoute): void
  /**
   * Compiles the guard of a route that was declared before the plugin was registered.
   *
   * @returns whether a rule covers it
   */
  addEarlier(route: EarlierRoute): boolean
  /**
   * Compiles the guard of a handler for unknown paths.
   *
   * @param prefix - the prefix of the scope that it answers for
   * @throws TypeError if its requirement is wrong
   */
  addNotFound(config: object, prefix: string): void
  /**
   * Takes note that every route is known.
   *
   * @param isDeclared - whether the server has a route for this url, with the method and constraints of the given one
   * @throws TypeError if a route has got a requirement where nothing enforces it, or a rule covers no route
   */
  complete(isDeclared: (url: string, like: RouteOptions) => boolean): void
  /**
   * The protection of the route with this config; `null` for a public route. Call it after {@link RouteGuards.complete}.
   *
   * @throws TypeError if the config does not show the compiled requirement
   */
  get(config: object): Protection | null
  /** Whether the route with this config refuses requests. A public route has hooks that do; an unknown route enforces. */
  isEnforced(config: object): boolean
  /** The routes that {@link RouteGuards.add} compiled. */
  added(): readonly RouteOptions[]
  list(): ClientCertRoute[]
}

interface Entry {
  /** The `clientCert` that the config of the route shows. */
  readonly shown: OwnRequirement
  readonly protection: Protection | null
  /** The mode of its hooks too, which a public route can have. */
  readonly enforced: boolean
}

interface AddedRoute extends Entry {
  readonly route: DeclaredRoute
  readonly method: string
  /** Fastify changes it in `route` afterwards, if it declares the route once more with a slash at the end. */
  readonly url: string
}

/** The symbol is private, so that no config can contain a guard of its own. All registrations share it. */
const ENTRY = Symbol('countersign.guard')

/**
 * Whether a registration of the plugin compiled the guard of this very route. The config alone does not tell: a route
 * elsewhere can be declared with the config of a guarded one.
 */
export const hasGuard = (route: RouteOptions): boolean =>
  (route.config as { readonly [ENTRY]?: AddedRoute } | undefined)?.[ENTRY]?.route === route

/**
 * Makes the guards of all routes.
 *
 * @param mode - the mode of a route without a rule
 */
export function createRouteGuards(compiler: GuardCompiler, rules: RouteRules, mode: Mode = 'enforce'): RouteGuards {
  const added: AddedRoute[] = []
  const earlier: (ClientCertRoute & { readonly rule: CompiledRule })[] = []
  const doubles: AddedRoute[] = []
  /** Entries of configs that cannot contain one: of earlier routes, and of handlers for unknown paths. */
  const others = new WeakMap<object, Entry>()
  let isComplete = false

  function compile({ present, requirement }: OwnRequirement, where: string): RouteGuard | null {
    if (!present) return ANY_VERIFIED
    return requirement === false ? null : compiler.compileRoute(requirement, `${where}: config.clientCert`)
  }

  /** A rule with a mode is in use only if it covers a route that is not public. */
  function modeOf(guard: RouteGuard | null, methods: readonly string[], url: string): Mode | undefined {
    return rules.modeOf(methods, url, guard === null)
  }

  function protect(guard: RouteGuard | null, ruled: Mode | undefined): Pick<Entry, 'protection' | 'enforced'> {
    const enforced = (ruled ?? mode) === 'enforce'
    return { protection: guard && { guard, enforced }, enforced }
  }

  function entryOf(config: object): Entry | undefined {
    return (config as { readonly [ENTRY]?: Entry })[ENTRY] ?? others.get(config)
  }

  /** The entry of an earlier route, at its first request. Before, Fastify does not show its config. */
  function earlierEntry(config: Partial<EarlierRoute>): Entry | undefined {
    if (config.method === undefined || config.url === undefined) return undefined
    const where = `${[config.method].flat()} ${config.url}`
    const rule = rules.of([config.method].flat(), config.url)
    const own = requirementIn(config, where)
    if (rule === undefined || !agree(own, rule.requirement)) return undefined
    const entry = { shown: own, ...protect(rule.guard, modeOf(rule.guard, [config.method].flat(), config.url)) }
    others.set(config, entry)
    return entry
  }

  return {
    add(route) {
      const { url } = route
      const methods = [route.method].flat()
      const method = methods.join(',')
      const where = `${method} ${url}`
      requireSpelling(route, where)
      const own = requirementIn(route.config, where)
      const rule = rules.of(methods, url)
      if (rule !== undefined && !agree(own, rule.requirement)) {
        throw new TypeError(
          `${where}: config.clientCert and ${rule.where}.clientCert are different; remove one of them, or write a rule for this url`,
        )
      }
      const shown = rule === undefined ? own : { present: true, requirement: rule.requirement }
      const guard = compile(shown, where)
      const ruled = modeOf(guard, methods, url)
      if (guard && ruled === undefined) refuseOwnMode(route, mode, where)
      const entry: AddedRoute = { route, method, url, shown, ...protect(guard, ruled) }
      showFinally(route, entry)
      added.push(entry)
    },
    addEarlier({ method, url }) {
      const rule = rules.of([method], url)
      if (rule) {
        const { protection } = protect(rule.guard, modeOf(rule.guard, [method], url))
        earlier.push({ method, url, ...describe(rule.requirement, protection), rule })
      }
      return rule !== undefined
    },
    addNotFound(config, prefix) {
      const where = 'the handler for unknown paths'
      const own = requirementIn(config, where)
      others.set(config, { shown: own, ...protect(compile(own, where), rules.modeOfUnknown(prefix)) })
    },
    complete(isDeclared) {
      for (const entry of added) {
        const { method, url, route } = entry
        requireSpelling(route, `${method} ${url}`)
        // Fastify declares `/` of a scope with a prefix twice, and tells its hooks of the url without a slash only.
        const slashed = `${url}/`
        const isDouble = route.prefix !== '' && url === route.prefix && isDeclared(slashed, route)
        if (isDouble && !added.some((other) => other.url === slashed && other.method === method)) {
          const rule = rules.of([route.method].flat(), slashed)
          const own = entry.shown.present ? entry.shown.requirement : true
          if (rule !== undefined && !isDeepStrictEqual(own, rule.requirement)) throw contradicted(method, url, rule)
          const ruled = modeOf(entry.protection?.guard ?? null, [route.method].flat(), slashed) ?? mode
          if ((ruled === 'enforce') !== entry.enforced) throw inTwoModes(method, url)
          doubles.push({ ...entry, url: slashed })
        }
      }
      for (const { method, url, rule, enforced } of earlier) {
        const double = earlier.find((other) => other.method === method && other.url === `${url}/`)
        if (double && !isDeepStrictEqual(rule.requirement, double.rule.requirement)) {
          throw contradicted(method, url, double.rule)
        }
        if (double && double.enforced !== enforced) throw inTwoModes(method, url)
      }
      for (const head of added) requireLikeGet(head, [...added, ...doubles])
      rules.requireUsed()
      isComplete = true
    },
    get(config) {
      const entry = entryOf(config) ?? earlierEntry(config)
      const { clientCert } = config as { readonly clientCert?: unknown }
      if (isComplete && entry !== undefined && entry.shown.requirement === clientCert) return entry.protection
      throw notShown(config, entry)
    },
    isEnforced: (config) => entryOf(config)?.enforced ?? true,
    added: () => added.map(({ route }) => route),
    list: () => [
      ...earlier.map(({ rule, ...route }) => route),
      ...[...added, ...doubles].map(({ method, url, shown, protection }) => ({
        method,
        url,
        ...describe(shown.present ? shown.requirement : true, protection),
      })),
    ],
  }
}

const agree = (own: OwnRequirement, ruled: unknown): boolean =>
  !own.present || isDeepStrictEqual(own.requirement, ruled)

/**
 * Gives the route a config with the entry. Fastify copies its properties into the config that requests have, so a later
 * change would have no effect. It throws instead.
 */
function showFinally(route: DeclaredRoute, entry: AddedRoute): void {
  const { shown, method, url } = entry
  const set = () => {
    throw new TypeError(
      `${method} ${url}: config.clientCert cannot be changed after the route was declared; set it in the declaration, or in an onRoute hook`,
    )
  }
  const config = Object.defineProperty(Object.assign({}, route.config, { [ENTRY]: entry }), 'clientCert', {
    enumerable: shown.present,
    get: () => shown.requirement,
    set,
  })
  Object.defineProperty(route, 'config', { enumerable: true, get: () => config, set })
}

/**
 * Fastify answers HEAD with the handler of GET, and declares it as a route of its own. An `onRoute` hook that sets the
 * requirement of GET alone would leave it to every certificate.
 */
function requireLikeGet(head: AddedRoute, routes: readonly AddedRoute[]): void {
  if (head.method !== 'HEAD' || head.shown.present) return
  const get = routes.find(
    ({ method, url, route, shown, protection }) =>
      url === head.url &&
      method.split(',').includes('GET') &&
      protection !== null &&
      shown.present &&
      shown.requirement !== true &&
      isDeepStrictEqual(route.constraints ?? {}, head.route.constraints ?? {}),
  )
  if (get === undefined) return
  throw new TypeError(
    `HEAD ${head.url} has no requirement, and GET requires ${get.protection?.guard.description}; set config.clientCert of both methods, or write clientCert: true for HEAD`,
  )
}

/** Fastify declares `/docs` and `/docs/` with one config, so a rule for the second alone would not be enforced. */
function contradicted(method: string, url: string, { where }: CompiledRule): TypeError {
  return new TypeError(
    `${where}.clientCert is different from the requirement of ${method} ${url}, which answers ${url}/ too; write the same requirement for both urls`,
  )
}

function inTwoModes(method: string, url: string): TypeError {
  return new TypeError(
    `routes gives ${method} ${url} another mode than ${url}/, which the same route answers; write one mode for both urls`,
  )
}

function notShown({ method, url }: Partial<EarlierRoute>, entry: Entry | undefined): TypeError {
  const route = url === undefined ? 'the handler for unknown paths' : `${method} ${url}`
  return new TypeError(
    entry === undefined
      ? `${route} was declared where countersign cannot see it, and no rule of the option routes agrees with it`
      : `${route}: config.clientCert was changed after the server was ready, and the change cannot be enforced`,
  )
}

function describe(
  requirement: unknown,
  protection: Protection | null,
): Pick<ClientCertRoute, 'protection' | 'requirement' | 'enforced'> {
  if (protection === null) return { protection: 'public', requirement: 'none', enforced: true }
  const { guard, enforced } = protection
  if (guard.optional) return { protection: 'optional', requirement: guard.description, enforced }
  return { protection: requirement === true ? 'verified' : 'guarded', requirement: guard.description, enforced }
}
