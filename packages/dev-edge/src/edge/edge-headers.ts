import { randomBytes } from 'node:crypto'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import { DEV_ACCESS_HEADER } from '../access/dev-access.ts'
import { headerPairs, headerValues, type RawHeaders, withoutHopByHop } from '../net/raw-headers.ts'

/** The data centre: Cloudflare names them by airport. */
export const COLO = 'DEV'

/** The country in which every client is. */
export const COUNTRY = 'US'

/** Makes a `CF-Ray`. */
export function createRay(): string {
  return `${randomBytes(8).toString('hex')}-${COLO}`
}

/** What Cloudflare writes into a request on its way to the Worker. */
export interface EdgeAdditions {
  /** `CF-Ray`. */
  readonly ray: string
  /** The client's address. */
  readonly clientIp: string
  /** The Access token, `undefined` for none: one that the client sent goes in any case. */
  readonly accessToken: string | undefined
}

const OVERWRITTEN = new Set([
  ACCESS_TOKEN_HEADER,
  DEV_ACCESS_HEADER,
  'cdn-loop',
  'cf-connecting-ip',
  'cf-ipcountry',
  'cf-ray',
  'cf-visitor',
  'cf-worker',
  // Node has answered 100 Continue already.
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-real-ip',
])

/**
 * Builds the headers with which a request reaches the Worker: the client's own as they came, X-CERT-* of its invention
 * included, and over them Cloudflare's.
 *
 * @see {@link https://developers.cloudflare.com/fundamentals/reference/http-headers/ Cloudflare: HTTP headers}
 */
export function buildEdgeHeaders(raw: RawHeaders, { ray, clientIp, accessToken }: EdgeAdditions): string[] {
  const headers = [...headerPairs(withoutHopByHop(raw))].filter(([name]) => !isOverwritten(name)).flat()
  headers.push('CDN-Loop', [...headerValues(raw, 'cdn-loop'), 'cloudflare; loops=1'].join(', '))
  headers.push('CF-Connecting-IP', clientIp, 'CF-IPCountry', COUNTRY, 'CF-Ray', ray)
  headers.push('CF-Visitor', '{"scheme":"https"}', 'X-Real-IP', clientIp)
  headers.push('X-Forwarded-For', [...headerValues(raw, 'x-forwarded-for'), clientIp].join(', '))
  headers.push('X-Forwarded-Proto', 'https')
  if (accessToken !== undefined) headers.push('Cf-Access-Jwt-Assertion', accessToken)
  return headers
}

/** The header from which workerd takes `request.cf`; it removes the header itself. */
export function buildCfHeader(cf: object): [name: string, value: string] {
  return ['MF-CF-Blob', asciiJson(cf)]
}

/** Builds the headers with which an answer reaches the client: the Worker's own, and Cloudflare's in place of the origin's. */
export function buildAnswerHeaders(raw: RawHeaders, ray: string): string[] {
  const kept = [...headerPairs(withoutHopByHop(raw))].filter(([name]) => !/^(?:server|cf-ray)$/i.test(name))
  return [...kept.flat(), 'Server', 'cloudflare', 'CF-RAY', ray]
}

/** `MF-*` steers Miniflare and workerd: a client could write its own `request.cf` with it. */
function isOverwritten(name: string): boolean {
  const lower = name.toLowerCase()
  return OVERWRITTEN.has(lower) || lower.startsWith('mf-')
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
