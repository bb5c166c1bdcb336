import { randomBytes } from 'node:crypto'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import { DEV_ACCESS_HEADER } from './dev-access.ts'
import { headerPairs, type RawHeaders, withoutHopByHop } from './hop-by-hop.ts'

/** What Cloudflare writes into a request on its way to the Worker. */
export interface EdgeAdditions {
  /** The client's address. */
  readonly clientIp: string
  /** The Access token, `undefined` for none: one that the client sent goes in any case. */
  readonly accessToken: string | undefined
}

const OVERWRITTEN = new Set([
  ACCESS_TOKEN_HEADER,
  DEV_ACCESS_HEADER,
  'cf-connecting-ip',
  'cf-ray',
  'cf-visitor',
  // Node has answered 100 Continue already.
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
])

/**
 * Builds the headers with which a request reaches the Worker: the client's own as they came, X-CERT-* of its invention
 * included, and over them Cloudflare's.
 *
 * @see {@link https://developers.cloudflare.com/fundamentals/reference/http-headers/ Cloudflare: HTTP headers}
 */
export function buildEdgeHeaders(raw: RawHeaders, { clientIp, accessToken }: EdgeAdditions): string[] {
  const headers = [...headerPairs(withoutHopByHop(raw))].filter(([name]) => !isOverwritten(name)).flat()
  headers.push('CF-Ray', `${randomBytes(8).toString('hex')}-DEV`)
  headers.push('CF-Connecting-IP', clientIp, 'CF-Visitor', '{"scheme":"https"}')
  headers.push('X-Forwarded-For', [...forwardedFor(raw), clientIp].join(', '), 'X-Forwarded-Proto', 'https')
  if (accessToken !== undefined) headers.push('Cf-Access-Jwt-Assertion', accessToken)
  return headers
}

/** The header from which workerd takes `request.cf`; it removes the header itself. */
export function buildCfHeader(cf: object): [name: string, value: string] {
  return ['MF-CF-Blob', asciiJson(cf)]
}

/** `MF-*` steers Miniflare and workerd: a client could write its own `request.cf` with it. */
function isOverwritten(name: string): boolean {
  const lower = name.toLowerCase()
  return OVERWRITTEN.has(lower) || lower.startsWith('mf-')
}

/** Cloudflare appends the address to those that the client claims. */
function forwardedFor(raw: RawHeaders): string[] {
  return [...headerPairs(raw)].filter(([name]) => name.toLowerCase() === 'x-forwarded-for').map(([, value]) => value)
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
