import type { RouteOptions } from 'fastify'
import type { GuardCompiler } from './compile-guard.ts'
import type { Guard } from './guard.ts'

/** A route with its protection. */
export interface ClientCertRoute {
  readonly method: string
  readonly url: string
  /** `public`: `clientCert: false`. `verified`: any verified certificate. `guarded`: a requirement on top. */
  readonly protection: 'public' | 'verified' | 'guarded'
  /** The requirement in words. */
  readonly requirement: string
}

/** The guard of a route; `null` for a public one. */
export type RouteGuard = Guard | null

/** The guards of all routes in the plugin's scope, compiled when each route is declared. */
export interface RouteGuards {
  /**
   * Compiles a route's guard.
   *
   * @throws TypeError if the route's requirement is wrong
   */
  add(route: RouteOptions): void
  /** The guard of the route with this config; `undefined` for a route that was not added. */
  get(config: object): RouteGuard | undefined
  list(): ClientCertRoute[]
}

/** The symbol is private, so that no config can contain a guard of its own. */
const GUARD = Symbol('countersign.guard')

export function createRouteGuards(compiler: GuardCompiler): RouteGuards {
  const routes: ClientCertRoute[] = []
  return {
    add(route) {
      const requirement = requirementOf(route)
      const method = [route.method].flat().join(',')
      const guard = requirement === false ? null : compiler.compile(requirement, `${method} ${route.url}`)
      // Fastify passes the route's config to the request. To decide by path, we would have to parse paths as the router
      // does.
      route.config = Object.assign({}, route.config, { [GUARD]: guard })
      routes.push({ method, url: route.url, ...describe(requirement, guard) })
    },
    get: (config) => (config as { readonly [GUARD]?: RouteGuard })[GUARD],
    list: () => [...routes],
  }
}

/**
 * Returns an explicit `undefined` as it is, for the compiler to refuse: it is a mistake, such as an unset variable. A
 * misspelt `clientCert` is refused here. Both would open a guarded route to every verified certificate.
 */
function requirementOf({ config, method, url }: RouteOptions): unknown {
  const misspelt = Object.keys(config ?? {}).find((key) => key !== 'clientCert' && /^client[-_]?certs?$/i.test(key))
  if (misspelt !== undefined)
    throw new TypeError(`${method} ${url}: unknown option config.${misspelt}; write config.clientCert`)
  return config && 'clientCert' in config ? config.clientCert : true
}

function describe(requirement: unknown, guard: RouteGuard): Pick<ClientCertRoute, 'protection' | 'requirement'> {
  if (guard === null) return { protection: 'public', requirement: 'none' }
  return { protection: requirement === true ? 'verified' : 'guarded', requirement: guard.description }
}
