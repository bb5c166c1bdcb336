import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { refuseUnknown } from '../known-names.ts'
import type { InjectableRequest } from './sign-request.ts'
import { INJECT_OPTIONS, type TestInjectOptions, type TestRequest } from './test-request.ts'

/**
 * A Fastify instance of any type parameters.
 *
 * @example
 * ```ts
 * const me = async (origin: InjectableApp) => (await edge.inject(origin, { url: '/me' })).json()
 * ```
 */
export interface InjectableApp {
  inject(options: InjectOptions): Promise<LightMyRequestResponse>
}

/** Signs a request of a client, and injects the signed request. */
export async function injectRequest(
  app: InjectableApp,
  options: TestInjectOptions,
  sign: (request: TestRequest) => Promise<InjectableRequest>,
): Promise<LightMyRequestResponse> {
  refuseUnknown(options, INJECT_OPTIONS)
  const { cert, access, url, query, authority, headers, ...rest } = options
  const own = authority === undefined ? headers : { host: authority, ...headers }
  const signed = await sign({ method: rest.method, url: withQuery(url, query), headers: own, cert, access })
  return app.inject({ ...rest, ...signed })
}

/**
 * Moves the query into the URL, because the URL gets signed. Replaces a parameter of the URL, as `app.inject()` does.
 */
function withQuery(url: string, query: InjectOptions['query']): string {
  if (query === undefined) return url
  const [path = '', search] = url.split('?', 2)
  const parameters = new URLSearchParams(search)
  const added = new URLSearchParams(typeof query === 'string' ? query : entries(query))
  for (const name of added.keys()) parameters.delete(name)
  for (const [name, value] of added) parameters.append(name, value)
  return `${path}?${parameters}`
}

function entries(query: Readonly<Record<string, string | string[]>>): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each]))
}
