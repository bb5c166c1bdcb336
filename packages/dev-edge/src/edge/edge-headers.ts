import { randomBytes } from 'node:crypto'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import { DEV_ACCESS_HEADER } from '../access/dev-access.ts'
import { headerPairs, headerValues, type RawHeaders, withoutHopByHop } from '../net/raw-headers.ts'

/** The data centre. Cloudflare names data centres by airport. */
export const COLO = 'DEV'

/** The country of every client. */
export const COUNTRY = 'US'

/** Makes a `CF-Ray`. */
export function createRay(): string {
  return `${randomBytes(8).toString('hex')}-${COLO}`
}

/** The values that Cloudflare adds to a request before the Worker runs. */
export interface EdgeAdditions {
  /** `CF-Ray`. */
  readonly ray: string
  /** The client's address. */
  readonly clientIp: string
  /** The Access token, or `undefined`. A token that the client sent is removed in both cases. */
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
  // Node has already answered 100 Continue.
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-real-ip',
])

/**
 * Builds the headers with which a request reaches the Worker. The client's headers are kept, forged X-CERT-* included,
 * because removing those is the Worker's task. Cloudflare's headers replace the client's.
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

/** Builds the header from which workerd reads `request.cf`. workerd removes the header itself. */
export function buildCfHeader(cf: object): [name: string, value: string] {
  return ['MF-CF-Blob', asciiJson(cf)]
}

/**
 * Builds the headers with which an answer reaches the client: the Worker's, with Cloudflare's in place of the origin's.
 */
export function buildAnswerHeaders(raw: RawHeaders, ray: string): string[] {
  const kept = [...headerPairs(withoutHopByHop(raw))].filter(([name]) => !/^(?:server|cf-ray)$/i.test(name))
  return [...kept.flat(), 'Server', 'cloudflare', 'CF-RAY', ray]
}

/**
 * Attack: `MF-*` steers Miniflare and workerd, so a client could forge its `request.cf`. The edge removes these
 * headers.
 */
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
