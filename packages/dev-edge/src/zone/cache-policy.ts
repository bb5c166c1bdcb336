import { headerValues, type RawHeaders } from '../net/raw-headers.ts'
import type { CacheWishes } from './cache-wishes.ts'

/**
 * The extensions of the URLs that Cloudflare stores by default.
 *
 * @see {@link https://developers.cloudflare.com/cache/concepts/default-cache-behavior/ Cloudflare: default cache behavior}
 */
const EXTENSIONS: ReadonlySet<string> = new Set(
  [
    '7z apk avi avif bin bmp bz2 class css csv dmg doc docx ejs eot eps exe flac gif gz ico iso jar jpeg jpg js mid midi',
    'mkv mp3 mp4 ogg otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx',
    'zip zst',
  ].flatMap((line) => line.split(' ')),
)

/**
 * Seconds for which Cloudflare stores an answer without a lifetime of its own, by its status. It stores no other status.
 *
 * @see {@link https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/ Cloudflare: cache by status code}
 */
const LIFETIMES: ReadonlyMap<number, number> = new Map([
  ...[200, 206, 301].map((status) => [status, 120 * 60] as const),
  ...[302, 303].map((status) => [status, 20 * 60] as const),
  ...[404, 410].map((status) => [status, 3 * 60] as const),
])

/** Whether Cloudflare looks into its cache for a request, by method and URL alone. */
export function isCacheable(method: string, target: string, { bypass, everything }: CacheWishes): boolean {
  if (bypass || (method !== 'GET' && method !== 'HEAD')) return false
  const [path = ''] = target.split('?', 1)
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  return everything || path === '/robots.txt' || EXTENSIONS.has(extension)
}

/** Cloudflare's decision on an answer: the seconds to store it, `0` for none, `bypass` if the origin forbids it. */
export type StorageDecision = number | 'bypass'

/** The parts of an exchange that decide about its storage. */
export interface StorageCase {
  readonly requestHeaders: RawHeaders
  readonly status: number
  readonly answerHeaders: RawHeaders
}

/**
 * Decides whether to store an answer to a cacheable request.
 *
 * @param now - milliseconds since the epoch
 * @see {@link https://developers.cloudflare.com/cache/concepts/cache-control/ Cloudflare: Origin Cache Control}
 */
export function decideStorage(
  { requestHeaders, status, answerHeaders }: StorageCase,
  { ttl }: CacheWishes,
  now: number,
): StorageDecision {
  if (ttl !== undefined) return ttl
  if (headerValues(answerHeaders, 'set-cookie').length > 0) return 'bypass'
  const control = readCacheControl(answerHeaders)
  if (['private', 'no-store', 'no-cache'].some((name) => control.has(name))) return 'bypass'
  const isAuthorized = headerValues(requestHeaders, 'authorization').length > 0
  if (isAuthorized && !['public', 'must-revalidate', 's-maxage'].some((name) => control.has(name))) return 'bypass'
  const lifetime = statedLifetime(control, answerHeaders, now)
  if (lifetime !== undefined) return lifetime > 0 ? lifetime : 'bypass'
  return LIFETIMES.get(status) ?? 0
}

/** The directives of the header that Cloudflare prefers, by name in lower case. */
function readCacheControl(headers: RawHeaders): ReadonlyMap<string, string> {
  const lines = ['cloudflare-cdn-cache-control', 'cdn-cache-control', 'cache-control']
    .map((name) => headerValues(headers, name))
    .find((values) => values.length > 0)
  const directives = (lines ?? []).join(',').split(',')
  return new Map(
    directives.map((directive) => {
      const [name = '', value = ''] = directive.split('=', 2)
      return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')]
    }),
  )
}

function statedLifetime(control: ReadonlyMap<string, string>, headers: RawHeaders, now: number): number | undefined {
  const seconds = control.get('s-maxage') ?? control.get('max-age')
  // A value that is not a number counts as expired.
  if (seconds !== undefined) return Number(seconds) || 0
  const [expires] = headerValues(headers, 'expires')
  if (expires === undefined) return undefined
  return Math.floor((Date.parse(expires) - now) / 1000) || 0
}
