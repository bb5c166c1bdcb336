import type { RouteOptions } from 'fastify'
import type { GuardCompiler } from './compile-guard.ts'
import type { Guard } from './guard.ts'

/** How one route is protected. */
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
   * @throws TypeError when the route's requirement is wrong
   */
  add(route: RouteOptions): void
  /** The guard of the route with this config; `undefined` for a route that was never added. */
  get(config: object): RouteGuard | undefined
  list(): ClientCertRoute[]
}

/** Nobody else has this symbol: no config can bring a guard of its own. */
const GUARD = Symbol('countersign.guard')

export function createRouteGuards(compiler: GuardCompiler): RouteGuards {
  const routes: ClientCertRoute[] = []
  return {
    add(route) {
      const requirement = requirementOf(route)
      const method = [route.method].flat().join(',')
      const guard = requirement === false ? null : compiler.compile(requirement, `${method} ${route.url}`)
      // In the route's config, which Fastify hands to the request: deciding by path would mean to read paths as the router does.
      route.config = Object.assign({}, route.config, { [GUARD]: guard })
      routes.push({ method, url: route.url, ...describe(requirement, guard) })
    },
    get: (config) => (config as { readonly [GUARD]?: RouteGuard })[GUARD],
    list: () => [...routes],
  }
}

/**
 * What is there but undefined is a mistake, such as a requirement under a name with a typo; it must not mean less. Nor must
 * a misspelt `clientCert`, which would leave a guarded route to every verified certificate.
 */
function requirementOf({ config, method, url }: RouteOptions): unknown {
  const misspelt = Object.keys(config ?? {}).find((key) => key !== 'clientCert' && /^client[-_]?certs?$/i.test(key))
  if (misspelt !== undefined) throw new TypeError(`${method} ${url}: config.${misspelt} is not known: write clientCert`)
  return config && 'clientCert' in config ? config.clientCert : true
}

function describe(requirement: unknown, guard: RouteGuard): Pick<ClientCertRoute, 'protection' | 'requirement'> {
  if (guard === null) return { protection: 'public', requirement: 'none' }
  return { protection: requirement === true ? 'verified' : 'guarded', requirement: guard.description }
}
