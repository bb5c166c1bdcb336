import { CERTIFICATE_HEADERS, type CertificateHeaderName } from './certificate-headers.ts'

/** The header in which Cloudflare Access sends its application token, in lower case. */
export const ACCESS_TOKEN_HEADER = 'cf-access-jwt-assertion'

/** The name of a header field that a signature can cover, in lower case. */
export type CoveredField = CertificateHeaderName | typeof ACCESS_TOKEN_HEADER

/**
 * The header fields that a signature covers when the request carries them, in the order in which it covers them.
 *
 * What stays the same between a client's requests comes first on purpose: those lines can be kept.
 */
export const COVERED_FIELDS: readonly CoveredField[] = [
  ACCESS_TOKEN_HEADER,
  ...CERTIFICATE_HEADERS.map((header) => header.name),
]

/** The derived components that every signature covers, behind the header fields, in this order (RFC 9421, section 2.2). */
export const DERIVED_COMPONENTS = ['@authority', '@method', '@path', '@query'] as const

/** The derived components of one request, as both ends must see them. */
export interface RequestTarget {
  /** Host in lower case, with the port unless it is the scheme's default. */
  readonly authority: string
  /** The method, as sent. */
  readonly method: string
  /** The path as it stands in the request line; at least `/`. */
  readonly path: string
  /** The query with its `?`; `?` alone when there is none. */
  readonly query: string
}

/**
 * Splits a request target in origin form into `@path` and `@query`, without decoding or normalising anything: what is
 * signed is what the router sees.
 *
 * @param target - the request target of the request line, such as `/a%2Fb?c=d`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-2.2.6 RFC 9421, sections 2.2.6 and 2.2.7}
 */
export function splitRequestTarget(target: string): Pick<RequestTarget, 'path' | 'query'> {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '?' } : { path: target.slice(0, mark), query: target.slice(mark) }
}
