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
