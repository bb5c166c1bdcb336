/** The wishes of a Worker's `fetch()` for the cache. */
export interface CacheWishes {
  /** `cache: 'no-store'`: neither read from the cache nor store. */
  readonly bypass: boolean
  /** `cf.cacheEverything`: any URL, not only those with certain extensions. */
  readonly everything: boolean
  /** `cf.cacheTtl`: seconds to store the answer, whatever its own headers state. */
  readonly ttl: number | undefined
}

const NONE: CacheWishes = { bypass: false, everything: false, ttl: undefined }

/**
 * Reads the wishes from the `cf` of a `fetch()`. For `cache: 'no-store'` workerd itself adds `cacheTtl: -1` and
 * `cacheLevel: 'bypass'`.
 *
 * @param cf - the JSON text that workerd wrote, `undefined` without a `cf`
 * @see {@link https://developers.cloudflare.com/workers/runtime-apis/request/#the-cf-property-requestinitcfproperties Cloudflare: RequestInitCfProperties}
 */
export function readCacheWishes(cf: string | undefined): CacheWishes {
  if (cf === undefined) return NONE
  const { cacheLevel, cacheTtl, cacheEverything } = JSON.parse(cf) as Readonly<Record<string, unknown>>
  const ttl = typeof cacheTtl === 'number' ? cacheTtl : undefined
  return {
    bypass: cacheLevel === 'bypass' || (ttl !== undefined && ttl < 0),
    everything: cacheEverything === true,
    ttl,
  }
}
