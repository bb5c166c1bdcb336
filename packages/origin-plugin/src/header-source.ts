import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  CF_CERT_HEADERS,
  COVERED_FIELDS,
  type CoveredField,
} from '@countersign/wire'
import { createHeaderIndex, type HeaderIndex } from './header-index.ts'

/**
 * The sender of the certificate headers: the Worker of Countersign, transform rules that write `Client-Cert` (RFC 9440),
 * or Cloudflare's managed transform "Add TLS client auth headers".
 *
 * @example
 * ```ts
 * const source: HeaderSourceName = 'rfc9440'
 * ```
 */
export type HeaderSourceName = 'worker' | 'rfc9440' | 'cf-cert'

/**
 * A source of certificate headers. Every source fills the same fields, which have the names of the Worker's headers.
 * Only the names of the headers differ.
 */
export interface HeaderSource {
  readonly name: HeaderSourceName
  readonly index: HeaderIndex
  /** The name of the header with this field, for the operator; `undefined` if the source does not send it. */
  nameOf(field: CoveredField): string | undefined
  /** The beginning of the line of each field in a signature base, in the order of the fields. */
  readonly lineStarts: readonly string[]
}

/**
 * The proofs that are missing with `edge: null`, for the warning at the start.
 *
 * @param trustsEveryIssuer - whether `trustedIssuers` is null, so that a client can make the certificate itself
 */
export function missingProof(source: HeaderSourceName, trustsEveryIssuer: boolean): string {
  const attacker = 'A client with an Access token that reaches this origin directly can'
  switch (source) {
    case 'worker':
      return `edge is null, so nothing proves that the edge wrote the certificate headers. ${attacker} claim any certificate`
    case 'rfc9440': {
      const certificate = trustsEveryIssuer
        ? 'any certificate, one that it made itself too, because trustedIssuers is null'
        : 'any certificate of a trusted CA, and needs no private key for it'
      return `source is "rfc9440", so nothing proves that Cloudflare wrote Client-Cert, that it verified this certificate, or that its client sent this request. ${attacker} send ${certificate}`
    }
    case 'cf-cert':
      return `source is "cf-cert", so nothing proves that Cloudflare wrote the certificate headers, and no signature of a CA is verified. ${attacker} claim any certificate`
  }
}

function createSource(name: HeaderSourceName, headers: ReadonlyMap<string, string>): HeaderSource {
  const nameOf = (field: CoveredField) => (field === ACCESS_TOKEN_HEADER ? field : headers.get(field))
  const lineStarts = COVERED_FIELDS.map((field) => `"${nameOf(field) ?? field}": `)
  return { name, nameOf, lineStarts, index: createHeaderIndex(nameOf) }
}

const workerHeaders = CERTIFICATE_HEADERS.map(({ name }): [string, string] => [name, name])
const rfc9440Headers = CERTIFICATE_HEADERS.filter(({ syntax }) => syntax === 'rfc9440')
const cfCertHeaders = CERTIFICATE_HEADERS.flatMap(({ name, field }): [string, string][] => {
  const header = CF_CERT_HEADERS.find((each) => each.field === field)
  return header ? [[name, header.name]] : []
})

/** Every source, by the value of the option `source`. */
export const HEADER_SOURCES: Readonly<Record<HeaderSourceName, HeaderSource>> = {
  rfc9440: createSource('rfc9440', new Map(rfc9440Headers.map(({ name }) => [name, name]))),
  'cf-cert': createSource('cf-cert', new Map(cfCertHeaders)),
  worker: createSource('worker', new Map(workerHeaders)),
}

/**
 * The source that sends a header of this name in lower case; `undefined` if none does. The Worker also sends
 * `Client-Cert`, so it comes last.
 */
export function sourceOfHeader(name: string): HeaderSourceName | undefined {
  return Object.values(HEADER_SOURCES).find(({ index }) => index.slots.has(name))?.name
}
