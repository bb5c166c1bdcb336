/**
 * Documents the requirements of routes in OpenAPI, with `@fastify/swagger`.
 *
 * @module
 */

import type { FastifyDynamicSwaggerOptions, SwaggerTransform } from '@fastify/swagger'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import type { ConfiguredCheck } from '../countersign-health.ts'
import type { ClientCertRoute } from '../guards/routes.ts'
import { checkKnown, checkObject } from '../lib/check-option.ts'
import { refusalResponses } from './refusal-responses.ts'

/** The names of the security schemes in the document. */
const MUTUAL_TLS = 'mutualTLS'
const ACCESS_TOKEN = 'cloudflareAccess'

/** The security schemes in the options of `@fastify/swagger`. */
type SecuritySchemes = NonNullable<
  NonNullable<NonNullable<FastifyDynamicSwaggerOptions['openapi']>['components']>['securitySchemes']
>

/**
 * The parts of the options of `@fastify/swagger` that describe the plugin.
 *
 * @example
 * ```ts
 * const { securitySchemes, transform }: CountersignOpenApi = countersignOpenApi(app)
 * ```
 */
export interface CountersignOpenApi {
  /** For `openapi.components.securitySchemes`. Without Access it is `mutualTLS` alone. */
  readonly securitySchemes: SecuritySchemes
  /** Sets `security` and the responses of refusals for each route that the plugin guards. */
  readonly transform: SwaggerTransform
}

/**
 * Options of {@link countersignOpenApi}.
 *
 * @example
 * ```ts
 * const own: CountersignOpenApiOptions = { transform: ({ schema, url }) => ({ schema, url: `/v1${url}` }) }
 * countersignOpenApi(app, own)
 * ```
 */
export interface CountersignOpenApiOptions {
  /** Your own transform. It runs first. */
  readonly transform?: SwaggerTransform
}

/**
 * Makes the security schemes and the transform for `@fastify/swagger` from the requirements of the routes.
 *
 * A public route has no security, and an optional one also an alternative without a certificate. A `security` and a
 * response that a route's schema states itself are left as they are. A route in report mode refuses nothing, so its
 * security, also that of its schema, is one alternative, and its refusals are not listed.
 *
 * @param app - the scope in which countersign is registered
 * @throws TypeError without countersign in this scope; from the transform, for a document that is not OpenAPI 3.1 or later
 * @see {@link https://spec.openapis.org/oas/v3.1.0#security-scheme-object OpenAPI 3.1, security scheme}
 * @example
 * ```ts
 * import swagger from '@fastify/swagger'
 * import { countersignOpenApi } from '@countersign/origin-plugin/openapi'
 *
 * const { securitySchemes, transform } = countersignOpenApi(app)
 * await app.register(swagger, {
 *   openapi: { openapi: '3.1.0', info: { title: 'Payments', version: '1' }, components: { securitySchemes } },
 *   transform,
 * })
 * ```
 */
export function countersignOpenApi(app: FastifyInstance, options: CountersignOpenApiOptions = {}): CountersignOpenApi {
  if (typeof app.clientCertRoutes !== 'function') {
    throw new TypeError('countersign is not registered in this scope; await app.register(countersign, …) before')
  }
  checkKnown(checkObject(options, 'the second argument of countersignOpenApi'), ['transform'], 'countersignOpenApi')
  const { transform: own } = options
  if (own !== undefined && typeof own !== 'function') throw new TypeError('transform must be a function')
  const hasAccess = app.countersignHealth().checks.includes('Access token')

  return {
    // The types of @fastify/swagger do not know mutualTLS yet.
    securitySchemes: {
      [MUTUAL_TLS]: MUTUAL_TLS_SCHEME,
      ...(hasAccess && { [ACCESS_TOKEN]: ACCESS_SCHEME }),
    } as unknown as SecuritySchemes,
    transform(given) {
      requireVersion(given)
      const { schema, url } = own ? own(given) : given
      const route = find(app.clientCertRoutes(), given.route)
      if (!route || (schema as Hideable | undefined)?.hide) return { schema, url }
      const described = {
        ...schema,
        security: ownSecurity(route, schema as Secured | undefined) ?? securityOf(route, hasAccess),
        ...responsesOf(route, schema?.response as object | undefined, app.countersignHealth().checks),
      }
      return { schema: described as FastifySchema, url }
    },
  }
}

const MUTUAL_TLS_SCHEME = {
  type: 'mutualTLS',
  description: 'The client certificate, which Cloudflare verifies at its edge.',
}

const ACCESS_SCHEME = {
  type: 'apiKey',
  in: 'header',
  name: 'Cf-Access-Jwt-Assertion',
  description: 'The token of Cloudflare Access. Cloudflare adds it after a login, or for a service token.',
}

interface Hideable {
  readonly hide?: boolean
}

interface Secured {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

/** The scheme `mutualTLS` is new in OpenAPI 3.1. An older document with it is not valid. */
function requireVersion(document: object): void {
  const { openapiObject } = document as { readonly openapiObject?: { readonly openapi?: string } }
  const version = openapiObject?.openapi ?? '2.0'
  if (/^3\.[1-9]/.test(version)) return
  throw new TypeError(
    `the document is of version ${version}, which has no mutualTLS; write openapi: { openapi: '3.1.0', … } in the options of @fastify/swagger`,
  )
}

/**
 * Finds the route with this method and url. A document has one operation for all routes that only constraints tell apart,
 * such as a host, so it describes the one that demands most.
 */
function find(routes: readonly ClientCertRoute[], { method, url }: RouteOptions): ClientCertRoute | undefined {
  const methods = [method].flat().join(',')
  return routes
    .filter((route) => route.url === url && route.method === methods)
    .toSorted((a, b) => demandOf(b) - demandOf(a))[0]
}

/** All of them have one mode, because a rule gives it to a url. */
function demandOf({ protection }: ClientCertRoute): number {
  if (protection === 'public') return 0
  return protection === 'optional' ? 1 : 2
}

/** The response that `@fastify/swagger` describes for a route without any. */
const ANSWERED = { description: 'Default Response', type: 'null' }

/** The responses of a route, with its refusals. A route's own description of a status is left as it is. */
function responsesOf(
  { protection, enforced }: ClientCertRoute,
  own: object | undefined,
  checks: readonly ConfiguredCheck[],
): { readonly response?: object } {
  if (protection === 'public' || !enforced) return {}
  return { response: { ...refusalResponses(checks), ...(own ?? { 200: ANSWERED }) } }
}

/**
 * In report mode, each alternative that a schema states with our schemes is one without them too. A public route is not
 * in report mode: its security is that of its hooks.
 */
function ownSecurity({ enforced }: ClientCertRoute, { security }: Secured = {}): Secured['security'] {
  if (!security || enforced) return security
  const unenforced = security.filter((schemes) => MUTUAL_TLS in schemes || ACCESS_TOKEN in schemes)
  return [...unenforced.map(({ [MUTUAL_TLS]: _, [ACCESS_TOKEN]: __, ...others }) => others), ...security]
}

/** The alternatives of a route. Each of them is a set of schemes that must hold together. */
function securityOf({ protection, enforced }: ClientCertRoute, hasAccess: boolean): Secured['security'] {
  if (protection === 'public') return []
  const token = hasAccess ? { [ACCESS_TOKEN]: [] } : {}
  const all = { [MUTUAL_TLS]: [], ...token }
  if (!enforced) return [{}, all]
  return protection === 'optional' ? [token, all] : [all]
}
