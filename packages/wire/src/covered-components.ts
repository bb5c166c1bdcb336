import { CERTIFICATE_HEADERS, type CertificateHeaderName } from './certificate-headers.ts'

/**
 * The header in which Cloudflare Access sends its application token, in lower case.
 *
 * @example
 * ```ts
 * const token = new Headers().get(ACCESS_TOKEN_HEADER)
 * ```
 */
export const ACCESS_TOKEN_HEADER = 'cf-access-jwt-assertion'

/**
 * The name of a header field that a signature can cover, in lower case.
 *
 * @example
 * ```ts
 * const field: CoveredField = 'cf-access-jwt-assertion'
 * ```
 */
export type CoveredField = CertificateHeaderName | typeof ACCESS_TOKEN_HEADER

/**
 * The header fields that a signature covers if the request carries them, in the order in which it covers them.
 *
 * They come before the derived components on purpose. They stay the same between a client's requests, so their lines
 * can be cached.
 *
 * @example
 * ```ts
 * const covered = COVERED_FIELDS.filter((name) => new Headers().has(name))
 * ```
 */
export const COVERED_FIELDS: readonly CoveredField[] = [
  ACCESS_TOKEN_HEADER,
  ...CERTIFICATE_HEADERS.map((header) => header.name),
]

/**
 * The derived components that every signature covers, after the header fields, in this order (RFC 9421, section 2.2).
 *
 * @example
 * ```ts
 * DERIVED_COMPONENTS.join(' ') // '@authority @method @path @query'
 * ```
 */
export const DERIVED_COMPONENTS = ['@authority', '@method', '@path', '@query'] as const

/**
 * The derived components of one request, as both ends must see them.
 *
 * @example
 * ```ts
 * const target: RequestTarget = { authority: 'app.example.com', method: 'GET', path: '/pay', query: '?x=1' }
 * ```
 */
export interface RequestTarget {
  /** The host in lower case, with the port unless it is the scheme's default. */
  readonly authority: string
  /** The method, as sent. */
  readonly method: string
  /** The path of the request line, unchanged; at least `/`. */
  readonly path: string
  /** The query with its `?`; `?` alone without a query. */
  readonly query: string
}

/**
 * Splits a request target in origin form into `@path` and `@query`. It decodes and normalises nothing, so the signature
 * covers the same text that the router reads.
 *
 * @param target - the target of the request line, such as `/a%2Fb?c=d`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-2.2.6 RFC 9421, sections 2.2.6 and 2.2.7}
 * @example
 * ```ts
 * splitRequestTarget('/a%2Fb?c=d') // { path: '/a%2Fb', query: '?c=d' }
 * splitRequestTarget('/') // { path: '/', query: '?' }
 * ```
 */
export function splitRequestTarget(target: string): Pick<RequestTarget, 'path' | 'query'> {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '?' } : { path: target.slice(0, mark), query: target.slice(mark) }
}
