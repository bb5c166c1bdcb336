import { headerLines, withLines } from '@countersign/test-support/wire-request'
import { adding, covering, input, refuse, removing, rewriting, setting, withLine } from './changes.ts'
import { requestOf, TOKEN, VERIFIED_CERT } from './parts.ts'
import type { RefusedVector, VectorChanges } from './vector.ts'

const UNKNOWN = [
  ['underscores', 'X_CERT_VERIFY'],
  ['another separator', 'X.Cert-Verify'],
  ['an underscore in Client-Cert', 'Client_Cert'],
  ["a longer name that begins with Client-Cert's", 'Client-Certificate'],
  ["Cloudflare's managed transform", 'Cf-Cert-Verified'],
  ["Cloudflare's older headers", 'Cf-Client-Cert-Sha256'],
  ['the prefix alone', 'X-CERT-'],
  ['the prefix alone with an underscore', 'x_cert_'],
  ['tildes', 'X~CERT~VERIFY'],
  ['letters that are not ASCII', 'X\xe9CERT\xe9VERIFY'],
] as const

/** Faults of `Signature-Input` with which it covers no header of a later release. */
const UNCOVERED: readonly (readonly [string, VectorChanges])[] = [
  ['no Signature-Input', removing('Signature-Input')],
  ['Signature-Input is no dictionary', rewriting('Signature-Input', (all) => `${all}, a`)],
  ['two members in Signature-Input', rewriting('Signature-Input', (all) => `${all}, ${all}`)],
  ['no @query', input(' "@query"', '')],
  ['a component that is not of the table', input('"x-cert-later"', '"host" "x-cert-later"')],
  ['upper case in its component', input('"x-cert-later"', '"X-Cert-Later"')],
  ['another tag', input('tag="countersign"', 'tag="other"')],
]

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
  ...UNCOVERED.map(([name, changes]) =>
    refuse('header-unknown', `a later header, and ${name}`, withLine('x-cert-later'), {
      ...covering('x-cert-later'),
      ...changes,
    }),
  ),
  refuse('header-unknown', 'a later header with an underscore', withLine('x-cert-later_a'), covering('x-cert-later_a')),
  refuse('header-value', 'empty', setting('X-CERT-SKI', '')),
  refuse('header-value', 'spaces', setting('X-CERT-SKI', '  ')),
  refuse('header-value', 'an empty Access token', setting('Cf-Access-Jwt-Assertion', '')),
  refuse('header-value', 'an empty later header', withLine('x-cert-later', ''), covering('x-cert-later')),
  refuse('header-value', 'a folded line', setting('X-CERT-SUBJECT-DN-2253', 'CN=a\r\n b')),
  refuse('header-value', 'a zero byte', setting('X-CERT-SUBJECT-DN-2253', 'CN=a\0b')),
  refuse('header-value', 'U+001F', setting('X-CERT-SUBJECT-DN-2253', 'CN=a\x1f')),
  refuse('header-value', 'U+007F', setting('X-CERT-SUBJECT-DN-2253', 'CN=a\x7f')),
  refuse('header-value', 'not ASCII', setting('X-CERT-SUBJECT-DN-2253', 'CN=Zo\xc3\xab')),
  refuse('header-value', 'a tab', setting('X-CERT-SUBJECT-DN-2253', 'CN=Zoe\tX')),
  refuse('header-value', 'not ASCII in the Access token', setting('Cf-Access-Jwt-Assertion', `${TOKEN}\xe9`)),
  refuse('header-value', 'not ASCII in a later header', withLine('x-cert-later', '\xe9'), covering('x-cert-later')),
]

/** The Access token is removed from, or changed in, a signed request. */
export const HEADERS_AFTER: readonly RefusedVector[] = [
  refuse('coverage', 'the Access token is removed', requestOf(), removing('Cf-Access-Jwt-Assertion')),
  refuse('coverage', 'a covered header is removed', requestOf(), removing('X-CERT-SERIAL')),
  refuse(
    'coverage',
    'an Access token is added',
    requestOf(undefined, { token: null }),
    adding('Cf-Access-Jwt-Assertion', TOKEN),
  ),
  refuse('signature-missing', 'a later header, and no Signature', withLine('x-cert-later'), {
    ...covering('x-cert-later'),
    ...removing('Signature'),
  }),
  refuse('coverage', 'Client-Cert is added', requestOf(), adding('Client-Cert', VERIFIED_CERT.certRFC9440 as string)),
  refuse('coverage', 'a covered later header is missing', requestOf(), covering('x-cert-later')),
]
