import type { SubjectAltNames } from '../certificate-names.ts'

/** A SPIFFE ID in its parts. */
export interface SpiffeId {
  readonly trustDomain: string
  /** With its leading slash. */
  readonly path: string
}

/** Every implementation must support as many bytes (SPIFFE-ID, section 2.3), and none should write more. */
const MAX_ID = 2048
const MAX_TRUST_DOMAIN = 255
const SCHEME = 'spiffe://'

/**
 * Finds the SPIFFE ID of a workload among the alternative names of its certificate.
 *
 * @returns `undefined` if no URI of the certificate has this scheme
 * @throws SyntaxError if it has several URIs, or one that is not a SPIFFE ID of a workload. Another reader could still
 *   find an ID there.
 * @see {@link https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#2-spiffe-id X509-SVID, section 2}
 */
export function findSpiffeId({ uri, unread }: SubjectAltNames): SpiffeId | undefined {
  if (unread.includes('uri')) throw new SyntaxError('a URI of the certificate cannot be read')
  // Some readers trim a URI, and all ignore the case of its scheme.
  if (!uri.some((each) => /^\W*spiffe\W*:/i.test(each))) return undefined
  if (uri.length > 1)
    throw new SyntaxError(`the certificate has ${uri.length} URIs, and a SPIFFE ID must be the only one`)
  return parseSpiffeId(uri[0] as string)
}

/**
 * Parses the SPIFFE ID of a workload.
 *
 * A SPIFFE ID has one spelling: no escapes, no dot segments, no port, no query. Therefore two IDs are equal if their
 * texts are.
 *
 * @throws SyntaxError whose message names the rule
 * @see {@link https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity SPIFFE-ID, section 2}
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (!text.startsWith(SCHEME)) throw new SyntaxError('a SPIFFE ID begins with "spiffe://" in lower case')
  if (text.length > MAX_ID) throw new SyntaxError(`a SPIFFE ID has at most ${MAX_ID} characters`)
  const { trustDomain, path } = splitSpiffeId(text)
  if (path === '') throw new SyntaxError('the SPIFFE ID of a workload has a path')
  requireTrustDomain(trustDomain)
  requirePath(path)
  return { trustDomain, path }
}

/** Splits a SPIFFE ID, which was parsed before. */
export function splitSpiffeId(id: string): SpiffeId {
  const slash = id.indexOf('/', SCHEME.length)
  const end = slash < 0 ? id.length : slash
  return { trustDomain: id.slice(SCHEME.length, end), path: id.slice(end) }
}

/** Requires a trust domain name: lower-case letters, digits, dots, dashes and underscores. */
function requireTrustDomain(text: string): void {
  if (!/^[a-z0-9._-]+$/.test(text)) {
    throw new SyntaxError('a trust domain has lower-case letters, digits, ".", "-" and "_" only')
  }
  if (text.length > MAX_TRUST_DOMAIN) throw new SyntaxError(`a trust domain has at most ${MAX_TRUST_DOMAIN} characters`)
}

/** Requires segments of letters, digits, dots, dashes and underscores, each after a slash. */
function requirePath(path: string): void {
  const segments = path.split('/').slice(1)
  if (segments.includes('')) throw new SyntaxError('the path of a SPIFFE ID has an empty segment, or ends with "/"')
  if (segments.includes('.') || segments.includes('..'))
    throw new SyntaxError('the path of a SPIFFE ID has a dot segment')
  if (!segments.every((segment) => /^[A-Za-z0-9._-]+$/.test(segment))) {
    throw new SyntaxError('the path of a SPIFFE ID has letters, digits, ".", "-", "_" and "/" only, without escapes')
  }
}

/**
 * Reads a configured trust domain.
 *
 * @throws SyntaxError whose message states the correction
 */
export function parseTrustDomain(text: string): string {
  const [, host = ''] = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/]*)/i.exec(text) ?? []
  const bare = (host || text).toLowerCase().replace(/\.+$/, '')
  if (bare !== text && /^[a-z0-9._-]+$/.test(bare)) throw new SyntaxError(`not a trust domain; write "${bare}"`)
  requireTrustDomain(text)
  return text
}

/**
 * Reads a configured path.
 *
 * @throws SyntaxError whose message states the correction
 */
export function parseSpiffePath(text: string): string {
  if (text === '/') throw new SyntaxError('every path begins with "/"; remove path to accept all of them')
  const bare = `/${text.replace(/^\/+|(?:\/+\**)$/g, '')}`
  if (bare !== text && isPath(bare)) {
    throw new SyntaxError(`not a path of a SPIFFE ID; write "${bare}", which covers the paths below it too`)
  }
  requirePath(text)
  return text
}

function isPath(text: string): boolean {
  try {
    requirePath(text)
    return true
  } catch {
    return false
  }
}
