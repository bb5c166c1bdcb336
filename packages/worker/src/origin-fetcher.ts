import { CountersignWorkerError } from './errors.ts'

/**
 * A way to the origin in place of the global `fetch()`: a binding for a VPC service, an mTLS certificate or another
 * Worker. An object of your own can change the URL's scheme on the way, because the signature does not cover it.
 *
 * @example
 * ```ts
 * // A VPC service whose origin has no TLS.
 * export default createWorker((env: { EDGE_KEY: string; VPC: OriginFetcher }) => ({
 *   key: env.EDGE_KEY,
 *   fetcher: { fetch: (url, init) => env.VPC.fetch(url.replace(/^https:/, 'http:'), init) },
 * }))
 * ```
 */
export interface OriginFetcher {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** @throws CountersignWorkerError `CSN_WORKER_FETCHER_INVALID` if it has no `fetch()` */
export function checkFetcher(fetcher: OriginFetcher): void {
  if (typeof (fetcher as Partial<OriginFetcher> | null)?.fetch === 'function') return
  const given = fetcher === null ? 'null' : typeof fetcher
  throw new CountersignWorkerError(
    'CSN_WORKER_FETCHER_INVALID',
    `fetcher (COUNTERSIGN_ORIGIN) must have fetch(), and is of the type ${given}; bind a VPC service, an mTLS certificate or a Worker under this name in wrangler.jsonc`,
  )
}

/**
 * Requires that the Worker can answer with the fetcher's result. workerd refuses everything else after the handler has
 * returned, with a bare 500 and no line in the log.
 *
 * @throws TypeError
 */
export function requireResponse(response: unknown, { headers }: Request): Response {
  try {
    // The getters throw for an object that only imitates a response.
    const status = Reflect.get(Response.prototype, 'status', response)
    const { bodyUsed, body, webSocket } = response as Response & { readonly webSocket?: unknown }
    const isExpected = !webSocket || headers.get('upgrade')?.toLowerCase() === 'websocket'
    if (status && !bodyUsed && !body?.locked && isExpected) return response as Response
  } catch {
    // It is not a response.
  }
  throw new TypeError(
    `fetch() must return a Response with an unread body, without a WebSocket unless the client upgrades, and returned ${typeof response}`,
  )
}
