import { METHODS } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { checkChoice, checkKnown, checkObject, optionNames } from '../lib/check-option.ts'
import type { GuardCompiler } from './compile-guard.ts'
import type { RouteGuard } from './guard.ts'
import { OptionalRequirement, type RouteRequirement } from './requirement.ts'

/**
 * The requirement of routes that another plugin declares, so that their `config` is out of reach.
 *
 * @example
 * ```ts
 * const routes: RouteRule[] = [
 *   { url: '/documentation/*', clientCert: 'ops' },
 *   { method: 'GET', url: '/metrics', clientCert: { subject: { CN: 'prometheus' } } },
 * ]
 * ```
 */
export interface RouteRule {
  /** The methods that the rule covers, in capitals. All methods by default. `GET` includes `HEAD`. */
  readonly method?: string | readonly string[]
  /**
   * The url of a route as it was declared, with its prefix. `*` at the end covers every url with this beginning.
   * `/docs/*` covers `/docs` too.
   */
  readonly url: string
  /** The requirement, as in a route's config. `false` makes the routes public. Left out, the rule has only a mode. */
  readonly clientCert?: RouteRequirement
  /**
   * The mode of the routes, in place of the option `mode`. A rule for all methods of `/admin/*` has the mode of the
   * handler for unknown paths too that a scope with the prefix `/admin` sets.
   */
  readonly mode?: Mode
}

/**
 * `enforce` refuses a request; `report` reports the refusal, and lets the request pass.
 *
 * @example
 * ```ts
 * const mode: Mode = process.env['ENFORCE'] === '1' ? 'enforce' : 'report'
 * ```
 */
export type Mode = 'enforce' | 'report'

/** A rule with a requirement, and its guard; the guard of public routes is `null`. */
export interface CompiledRule {
  /** Its path in the options (`routes[0]`), for error messages. */
  readonly where: string
  readonly requirement: RouteRequirement
  readonly guard: RouteGuard | null
}

/** The rules of the option `routes`. */
export interface RouteRules {
  /**
   * Finds the rule of a route. The rule with the longest url wins, and an exact url wins over a beginning.
   *
   * @returns `undefined` for a route without a rule
   * @throws TypeError for a guarding rule that covers some methods of the route only
   */
  of(methods: readonly string[], url: string): CompiledRule | undefined
  /**
   * Finds the mode of a route, by the rule that {@link RouteRules.of} would choose among those with a mode.
   *
   * @param isPublic - whether the mode decides about nothing but hooks of the route, which is no use of the rule
   * @returns `undefined` for a route without such a rule
   * @throws TypeError for a route with several methods, whose rules have different modes
   */
  modeOf(methods: readonly string[], url: string, isPublic?: boolean): Mode | undefined
  /**
   * Finds the mode of the handler for the unknown paths under a prefix. It answers every method, so a rule for some of
   * them does not count.
   *
   * @returns `undefined` without a rule whose url is a beginning of all these paths
   */
  modeOfUnknown(prefix: string): Mode | undefined
  /** @throws TypeError if a rule has covered no route since its compilation */
  requireUsed(): void
}

interface Rule {
  readonly where: string
  readonly methods: ReadonlySet<string> | null
  readonly url: string
  /** `undefined` for a rule that has only a mode. */
  readonly required: CompiledRule | undefined
  readonly mode: Mode | undefined
  used: boolean
}

const OPTIONS = optionNames<keyof RouteRule>({ method: true, url: true, clientCert: true, mode: true })

export const MODES: readonly Mode[] = ['enforce', 'report']

/**
 * Checks and compiles the option `routes`.
 *
 * @throws TypeError whose message states the correction
 */
export function compileRouteRules(given: unknown, compiler: GuardCompiler): RouteRules {
  if (!Array.isArray(given)) throw new TypeError('routes must be a list of { method, url, clientCert }')
  const rules = given.map((rule: unknown, at): Rule => compileRule(rule, `routes[${at}]`, compiler))
  refuseRepetitions(rules)
  // A route has the first rule that covers it.
  const byLength = rules.toSorted((a, b) => precision(b.url) - precision(a.url))
  const requiring = byLength.filter(({ required }) => required !== undefined)
  const withMode = byLength.filter(({ mode }) => mode !== undefined)
  return {
    of(methods, url) {
      const covering = coveringRules(requiring, methods, url)
      const [first] = covering
      if (!covering.every((rule) => isDeepStrictEqual(rule?.required?.requirement, first?.required?.requirement))) {
        return refusePartly(covering, methods, url)
      }
      for (const rule of covering) if (rule) rule.used = true
      return first?.required
    },
    modeOf(methods, url, isPublic = false) {
      const covering = coveringRules(withMode, methods, url)
      const [first] = covering
      if (!covering.every((rule) => rule?.mode === first?.mode)) {
        const { where } = covering.find((rule) => rule !== undefined) as Rule
        throw coversPartly(where, methods, url)
      }
      for (const rule of covering) if (rule && !isPublic) rule.used = true
      return first?.mode
    },
    modeOfUnknown(prefix) {
      const below = `${prefix}/`
      const rule = withMode.find(
        ({ methods, url }) => methods === null && below.startsWith(beginningOf(url) ?? `${below}-`),
      )
      if (rule) rule.used = true
      return rule?.mode
    },
    requireUsed() {
      const unused = rules.find(({ used }) => !used)
      if (unused !== undefined) {
        throw new TypeError(
          `${unused.where} covers no route; write the method and the url of a route as it was declared, with its prefix (${unused.url} is neither such a url nor its beginning with *)`,
        )
      }
    },
  }
}

/** For each method of a route, the rule that covers it. */
function coveringRules(rules: readonly Rule[], methods: readonly string[], url: string): (Rule | undefined)[] {
  return methods.map((method) => rules.find((rule) => covers(rule, method, url)))
}

function compileRule(given: unknown, where: string, compiler: GuardCompiler): Rule {
  const rule = checkObject(given, where)
  checkKnown(rule, OPTIONS, where)
  const { url, clientCert } = rule
  if (typeof url !== 'string' || !/^(?:\/|\*$)/.test(url)) {
    throw new TypeError(`${where}.url must be the url of a route, such as "/metrics", or its beginning with "*"`)
  }
  if (!('clientCert' in rule) && !('mode' in rule)) {
    throw new TypeError(`${where}.clientCert is missing; write a requirement, or false for public routes`)
  }
  const methods = rule.method === undefined ? null : methodsOf(rule.method, `${where}.method`)
  const mode = rule.mode === undefined ? undefined : checkChoice(rule.mode, MODES, `${where}.mode`)
  if (mode !== undefined) refuseIdleMode(rule, methods, where)
  if (!('clientCert' in rule)) return { where, methods, url, required: undefined, mode, used: false }
  const requirement = clientCert as RouteRequirement
  if (beginningOf(url) === '/' && !isPreflight(methods)) refuseOpening(requirement, where)
  const guard = requirement === false ? null : compiler.compileRoute(requirement, `${where}.clientCert`)
  return { where, methods, url, required: { where, requirement, guard }, mode, used: false }
}

/** A mode that would change nothing, or is another spelling of the option `mode`. */
function refuseIdleMode({ url, clientCert }: Record<string, unknown>, methods: Rule['methods'], where: string): void {
  if (clientCert === false) {
    throw new TypeError(`${where}.mode has no effect, because clientCert: false makes the routes public; remove it`)
  }
  if (methods === null && beginningOf(url as string) === '/') {
    throw new TypeError(`${where}.mode would be the mode of all routes; write it as the option mode of the plugin`)
  }
}

/** A rule for all urls, which must not open every route. */
function refuseOpening(requirement: RouteRequirement, where: string): void {
  if (requirement === false) {
    throw new TypeError(`${where} would make every route public; write the urls of the public routes`)
  }
  if (requirement instanceof OptionalRequirement) {
    throw new TypeError(
      `${where} would admit clients without a certificate to every route; write the urls of the optional routes`,
    )
  }
}

function methodsOf(given: unknown, where: string): ReadonlySet<string> {
  const methods = [given].flat() as unknown[]
  const unknown = methods.find((method) => !METHODS.includes(method as string))
  if (methods.length === 0 || unknown !== undefined) {
    throw new TypeError(`${where} must be a method in capitals such as "GET", or a list of methods`)
  }
  // Fastify answers HEAD with the route of GET.
  if (methods.includes('GET')) methods.push('HEAD')
  return new Set(methods as string[])
}

/** Of two rules for one url and one method, the order would decide. */
function refuseRepetitions(rules: readonly Rule[]): void {
  for (const [at, rule] of rules.entries()) {
    const earlier = rules.slice(0, at).find((other) => other.url === rule.url && shareMethod(other, rule))
    if (earlier !== undefined) {
      throw new TypeError(`${rule.where} covers the same routes as ${earlier.where}; write one rule for each of them`)
    }
  }
}

const shareMethod = (a: Rule, b: Rule) =>
  a.methods === null || b.methods === null || [...a.methods].some((method) => b.methods?.has(method))

const isPreflight = (methods: ReadonlySet<string> | null) => methods?.size === 1 && methods.has('OPTIONS')

/** The part before the `*`; `undefined` for an exact url. The url `*` is that of every route, like `/*`. */
const beginningOf = (url: string) => (url === '*' ? '/' : url.endsWith('*') ? url.slice(0, -1) : undefined)

const precision = (url: string) => beginningOf(url)?.length ?? Number.POSITIVE_INFINITY

function covers({ methods, url: ruled }: Rule, method: string, url: string): boolean {
  if (methods !== null && !methods.has(method)) return false
  const beginning = beginningOf(ruled)
  if (beginning === undefined) return url === ruled
  // Fastify declares `*` and the empty url too.
  return beginning === '/' || url.startsWith(beginning) || `${url}/` === beginning
}

/**
 * A route has one requirement for all its methods. Its other methods must not become public through a rule for some,
 * and a rule that guards some must not be dropped.
 */
function refusePartly(covering: readonly (Rule | undefined)[], methods: readonly string[], url: string): undefined {
  const guarding = covering.find((rule) => rule?.required && rule.required.guard !== null)
  if (guarding === undefined) return undefined
  throw coversPartly(guarding.where, methods, url)
}

function coversPartly(where: string, methods: readonly string[], url: string): TypeError {
  return new TypeError(
    `${where} covers some methods of the route ${methods.join(',')} ${url} only; write a rule for all of them, or declare a route for each method`,
  )
}
