import {
  type HeaderLine,
  headerLines,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
import { DEFAULT_WORKER, NO_CERT, requestOf, requestWith, TOKEN, VERIFIED_CERT } from './parts.ts'
import { buildVector, type RefusedVector, RULES, type Rule, type VectorChanges } from './vector.ts'

/** A refused request of the Worker, changed before or after it was signed. */
export function refuse(rule: Rule, name: string, request: WireRequest, changes: VectorChanges = {}): RefusedVector {
  return { rule, code: RULES[rule], ...buildVector(`${rule}: ${name}`, request, changes) }
}

/** Adds a line to a signed request. */
const adding = (...line: HeaderLine): VectorChanges => ({
  after: (request) => withLines(request, [...headerLines(request), line]),
})
/** Replaces or removes a header of a request. */
export const setting = (name: string, value: string | undefined, request = requestOf()) =>
  withHeader(request, name, value)
const covering = (...names: readonly string[]): VectorChanges => ({ fields: (carried) => [...carried, ...names] })
const withLine = (name: string, value = '1') => withLines(requestOf(), [...headerLines(requestOf()), [name, value]])

const UNKNOWN = [
  ['underscores', 'X_CERT_VERIFY'],
  ['another separator', 'X.Cert-Verify'],
  ['an underscore in Client-Cert', 'Client_Cert'],
  ["a longer name that begins with Client-Cert's", 'Client-Certificate'],
  ["Cloudflare's managed transform", 'Cf-Cert-Verified'],
  ["Cloudflare's older headers", 'Cf-Client-Cert-Sha256'],
  ['the prefix alone', 'X-CERT-'],
] as const

const seventeen = Array.from({ length: 17 }, (_, at) => `x-cert-later-${at}`)
const withSeventeen = withLines(requestOf(), [
  ...headerLines(requestOf()),
  ...seventeen.map((name) => [name, '1'] as const),
])

/** Requests whose header lines no Worker writes. */
export const REFUSED_HEADERS: readonly RefusedVector[] = [
  refuse('header-repeated', 'X-CERT-SUBJECT-DN-2253', requestOf(), adding('X-CERT-SUBJECT-DN-2253', 'CN=evil')),
  refuse('header-repeated', 'the same value twice', requestOf(), adding('x-cert-verify', 'SUCCESS')),
  refuse('header-repeated', 'the Access token', requestOf(), adding('Cf-Access-Jwt-Assertion', TOKEN)),
  refuse('header-repeated', 'a header of a later release', withLine('X-CERT-LATER'), {
    ...covering('x-cert-later'),
    ...adding('X-CERT-LATER', '1'),
  }),
  ...UNKNOWN.map(([what, name]) => refuse('header-unknown', what, requestOf(), adding(name, '1'))),
  refuse(
    'header-unknown',
    'a later header that the signature does not cover',
    requestOf(),
    adding('X-CERT-LATER', '1'),
  ),
  refuse('header-unknown', 'a later header with two hyphens', withLine('x-cert--later'), covering('x-cert--later')),
  refuse(
    'header-unknown',
    'a later header that ends in a hyphen',
    withLine('x-cert-later-'),
    covering('x-cert-later-'),
  ),
  refuse(
    'header-unknown',
    'a later header of 65 characters',
    withLine(`x-cert-${'a'.repeat(58)}`),
    covering(`x-cert-${'a'.repeat(58)}`),
  ),
  refuse('header-unknown', '17 later headers', withSeventeen, covering(...seventeen)),
  refuse('header-value', 'empty', setting('X-CERT-SKI', '')),
  refuse('header-value', 'not ASCII', setting('X-CERT-SUBJECT-DN-2253', 'CN=Zo\xc3\xab')),
  refuse('header-value', 'a tab', setting('X-CERT-SUBJECT-DN-2253', 'CN=Zoe\tX')),
  refuse('header-value', 'not ASCII in the Access token', setting('Cf-Access-Jwt-Assertion', `${TOKEN}\xe9`)),
  refuse('header-value', 'not ASCII in a later header', withLine('x-cert-later', '\xe9'), covering('x-cert-later')),
]

const optional = { certificate: 'optional' } as const
const _withoutBody = (changes: Parameters<typeof requestWith>[0]) => requestWith(changes, 'none')

/** Requests whose signature is good and whose certificate is not. */
export const REFUSED_CERTIFICATES: readonly RefusedVector[] = [
  refuse('flags', 'X-CERT-PRESENTED is not 0 or 1', setting('X-CERT-PRESENTED', 'true')),
  refuse('flags', 'X-CERT-REVOKED is not 0 or 1', setting('X-CERT-REVOKED', '2')),
  refuse(
    'flags',
    'a description of a certificate that was not presented',
    requestWith({ certPresented: '0', certVerified: 'NONE' }),
  ),
  refuse(
    'flags',
    'the same on a route that does without a certificate',
    requestWith({ certPresented: '0', certVerified: 'NONE' }),
    optional,
  ),
  refuse(
    'flags',
    'a verified certificate that was not presented',
    requestOf({ ...DEFAULT_WORKER, tlsClientAuth: { ...NO_CERT, certVerified: 'SUCCESS' } }),
  ),
  refuse('not-presented', 'no certificate', requestOf({ ...DEFAULT_WORKER, tlsClientAuth: NO_CERT })),
  refuse(
    'not-presented',
    'no certificate, with a verdict that is not NONE, on a route that does without',
    requestOf({ ...DEFAULT_WORKER, tlsClientAuth: { ...NO_CERT, certVerified: 'FAILED' } }),
    optional,
  ),
  refuse(
    'preflight',
    'OPTIONS without a certificate on a route that does without',
    requestOf({ ...DEFAULT_WORKER, tlsClientAuth: NO_CERT }, { method: 'OPTIONS' }),
    optional,
  ),
  ...['NONE', 'FAILED', 'FAILED:self signed certificate', 'success', 'SUCCESSFUL'].map((certVerified) =>
    refuse('unverified', certVerified, requestWith({ certVerified })),
  ),
  refuse(
    'unverified',
    'also on a route that does without a certificate',
    requestWith({ certVerified: 'FAILED' }),
    optional,
  ),
  refuse('revoked', 'verified and revoked', requestWith({ certRevoked: '1' })),
  ...['ISSUER-DN-2253', 'SERIAL', 'FINGER', 'FINGER-256', 'NOTBE', 'NOTAF'].map((name) =>
    refuse('description', `no X-CERT-${name}`, setting(`X-CERT-${name}`, undefined)),
  ),
  refuse('description', 'a serial number that is not hexadecimal', requestWith({ certSerial: '0x12' })),
  refuse('description', 'a fingerprint that is too short', requestWith({ certFingerprintSHA256: '5394afbfd5c18e92' })),
  refuse('description', 'a date in another format', requestWith({ certNotAfter: '2046-01-01T00:00:00Z' })),
  refuse('ambiguous-name', 'uid, without Client-Cert', requestWith({ certSubjectDNRFC2253: 'CN=a+uid=b,O=Acme' })),
  refuse(
    'ambiguous-name',
    'Mail, without Client-Cert',
    requestWith({ certIssuerDNRFC2253: 'Mail=ca@acme.example,O=Acme' }),
  ),
  refuse(
    'mismatch',
    'Client-Cert is another certificate',
    requestWith({ certRFC9440: VERIFIED_CERT.certChainRFC9440 as string }, 'leaf'),
  ),
  refuse(
    'outside-validity',
    "Cloudflare's verdict: expired",
    requestWith({ certVerified: 'FAILED:certificate has expired' }),
  ),
  refuse(
    'outside-validity',
    "Cloudflare's verdict: not yet valid",
    requestWith({ certVerified: 'FAILED:certificate is not yet valid' }),
  ),
  refuse(
    'outside-validity',
    "by the origin's clock: expired",
    requestWith({ certNotAfter: 'Nov 25 09:46:40 2026 GMT' }),
  ),
  refuse(
    'outside-validity',
    "by the origin's clock: not yet valid",
    requestWith({ certNotBefore: 'Nov  1 00:00:00 2027 GMT' }),
  ),
]

/** The Access token is removed from, or changed in, a signed request. */
export const HEADERS_AFTER: readonly RefusedVector[] = [
  refuse('coverage', 'the Access token is removed', requestOf(), {
    after: (request) => withHeader(request, 'Cf-Access-Jwt-Assertion', undefined),
  }),
  refuse('coverage', 'a covered header is removed', requestOf(), {
    after: (request) => withHeader(request, 'X-CERT-SERIAL', undefined),
  }),
  refuse(
    'coverage',
    'an Access token is added',
    requestOf(undefined, { token: null }),
    adding('Cf-Access-Jwt-Assertion', TOKEN),
  ),
  refuse('coverage', 'Client-Cert is added', requestOf(), adding('Client-Cert', VERIFIED_CERT.certRFC9440 as string)),
  refuse('coverage', 'a covered later header is missing', requestOf(), covering('x-cert-later')),
]
