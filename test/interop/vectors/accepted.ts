import {
  type HeaderLine,
  headerLines,
  headerOf,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
import type { TlsClientAuth } from '@countersign/wire'
import { DEFAULT_WORKER, NO_CERT, requestOf, requestWith, VERIFIED_CERT } from './parts.ts'
import {
  type AcceptedVector,
  buildVector,
  CREATED,
  ED25519,
  nonceOf,
  type VectorChanges,
  type VectorClient,
  type WorkerSetting,
} from './vector.ts'

function accept(name: string, request: WireRequest, changes: VectorChanges = {}): AcceptedVector {
  return { ...buildVector(name, request, changes), client: clientOf(request) }
}

/** A request of a Worker with this setting. */
function fromWorker(
  name: string,
  setting: Partial<WorkerSetting> = {},
  target: Parameters<typeof requestOf>[1] = {},
  changes: VectorChanges = {},
): AcceptedVector {
  const worker = { ...DEFAULT_WORKER, ...setting }
  return { ...accept(name, requestOf(worker, target), changes), worker }
}

function clientOf(request: WireRequest): VectorClient | null {
  if (headerOf(request, 'x-cert-presented') === '0') return null
  const later = headerLines(request).filter(([name]) => name.startsWith('x-cert-later'))
  return {
    subject: headerOf(request, 'x-cert-subject-dn-2253') ?? headerOf(request, 'x-cert-subject-dn') ?? null,
    serial: headerOf(request, 'x-cert-serial') ?? '',
    fingerprint256: headerOf(request, 'x-cert-finger-256') ?? '',
    later: Object.fromEntries(later),
  }
}

/** A request with headers of a later release, and the list of components that covers them. */
function withLater(...lines: readonly HeaderLine[]): readonly [WireRequest, VectorChanges] {
  const request = requestOf()
  return [
    withLines(request, [...headerLines(request), ...lines]),
    { fields: (carried) => [...carried, ...lines.map(([name]) => name)] },
  ]
}

const longest = `x-cert-later-${'a'.repeat(51)}`
const sixteen = Array.from({ length: 16 }, (_, at): HeaderLine => [`x-cert-later-${at}`, String(at)])
const reversed = (request: WireRequest) => withLines(request, headerLines(request).reverse())
const withOthers = (name: string, before: string, after: string) => (request: WireRequest) =>
  withHeader(request, name, `${before}${headerOf(request, name)}${after}`)
const { certRFC9440: _leaf, ...withoutBody } = VERIFIED_CERT

const withLaterOnes = withLater(['x-cert-later-b', '1'], ['x-cert-later-a', '2'])
const WITHOUT_CERT = { ...DEFAULT_WORKER, tlsClientAuth: NO_CERT }
const { certFingerprintSHA1: sha1 = '', certFingerprintSHA256: sha256 = '' } = VERIFIED_CERT
const colons = (digits: string) => digits.replace(/..(?=.)/g, '$&:')

/** Forms of the description that Cloudflare can write, without `Client-Cert`. */
const DESCRIPTIONS: readonly (readonly [string, Partial<TlsClientAuth>])[] = [
  ['a negative serial number', { certSerial: '-05' }],
  [
    'a serial number of one digit, and key identifiers with colons',
    { certSerial: 'a', certSKI: 'ab:CD', certIssuerSKI: 'abc' },
  ],
  ['no key identifiers', { certSKI: '', certIssuerSKI: '' }],
  ['a date with a zero before its day', { certNotBefore: 'Feb 02 00:00:00 2026 GMT' }],
  ['a date with one space before a day of one digit', { certNotBefore: 'Feb 2 00:00:00 2026 GMT' }],
  ['a day that leap years have', { certNotBefore: 'Feb 29 23:59:59 2024 GMT' }],
  ['the first and the last date', { certNotBefore: 'Jan  1 00:00:00 0 GMT', certNotAfter: 'Dec 31 23:59:59 9999 GMT' }],
  ['a year of two digits', { certNotBefore: 'Jan  1 00:00:00 27 GMT' }],
  ['a quoted comma before a type that would be ambiguous', { certSubjectDNRFC2253: 'CN="a,uid=b"' }],
  ['types that only resemble ambiguous ones', { certSubjectDNRFC2253: 'UID=a,Uid=b,mail=c,CN=uid' }],
  [
    'every form of a name',
    {
      certSubjectDNRFC2253:
        'CN = a=b#c \\20\\ ; OID.1.2.30=#0C0161 + x-y="\\"," , 2.5.4.3=,O=\\C3\\AB\\,,1.2=#0c00,CN="",CN=\\<\\>\\+\\;\\=\\#\\"',
    },
  ],
]

const requestPlain = withHeader(
  withHeader(requestOf(), 'X-CERT-SUBJECT-DN-2253', undefined),
  'X-CERT-SUBJECT-DN',
  'CN=a, O=b',
)
const UNREAD: readonly HeaderLine[] = [
  ['X-CERT-SUBJECT-DN', 'uid'],
  ['X-CERT-SUBJECT-DN-L', '~'],
  ['X-CERT-ISSUER-SERIAL', '~'],
  ['Client-Cert-Chain', '~'],
  ['X-CERT-TOO-LARGE', '~'],
]
const requestUnread = UNREAD.reduce((request, [name, value]) => withHeader(request, name, value), requestOf())

/** Requests that an origin accepts. */
export const ACCEPTED: readonly AcceptedVector[] = [
  fromWorker('HMAC'),
  fromWorker('Ed25519', {}, {}, { key: ED25519 }),
  fromWorker('Client-Cert-Chain', { forwardCert: 'chain' }),
  fromWorker('no Client-Cert', { forwardCert: 'none' }),
  fromWorker('names in RFC 2253 alone', { names: 'rfc2253' }, {}, { key: ED25519 }),
  fromWorker('no Access token', {}, { token: null }),
  fromWorker('POST with escapes in path and query', {}, { method: 'POST', target: '/a%2Fb//c;d?e=%20f&?g' }),
  fromWorker('no query', {}, { target: '/' }),
  fromWorker('another port', {}, { host: 'app.example.com:8443' }),
  fromWorker('IPv6', {}, { host: '[2001:db8::1]' }, { key: ED25519 }),
  fromWorker('a certificate that is too large to forward', {
    tlsClientAuth: { ...withoutBody, certRFC9440: '', certRFC9440TooLarge: true },
  }),
  fromWorker(
    'no certificate, on a route that does without',
    { tlsClientAuth: NO_CERT },
    {},
    { certificate: 'optional' },
  ),
  fromWorker(
    'no certificate and no Access token, on a route that does without',
    { tlsClientAuth: NO_CERT },
    { token: null },
    { certificate: 'optional' },
  ),
  accept('an empty query', requestOf(DEFAULT_WORKER, { target: '/pay?' })),
  accept('the header lines in another order', requestOf(), { after: reversed }),
  accept('other spellings of case in the names of headers', requestOf(), {
    after: (request) =>
      withLines(
        request,
        headerLines(request).map(([name, value]) => [name.toUpperCase(), value]),
      ),
  }),
  accept(
    'names that only resemble those of the family',
    withLines(requestOf(), [
      ...headerLines(requestOf()),
      ...[
        ...['X-Certainly', 'X-Client-Cert', 'Xcert-Verify', 'Certificate', 'Clientcert', 'X-Cert', 'Cf-Cert'],
        ...['Cf-Client-Cert', 'X-CertVerify', 'Cf_Access_Jwt_Assertion'],
      ].map((name) => [name, '1'] as const),
    ]),
  ),
  accept('signatures under other labels', requestOf(), {
    after(request) {
      const input = withOthers('Signature-Input', 'a=("@method");tag="x, countersign=()", ', ', b=()')(request)
      return withOthers('Signature', 'a=:YQ==:, ', ', b=:Yg==:')(input)
    },
  }),
  accept('another signature on a line of its own', requestOf(), {
    after: (request) =>
      withLines(request, [['Signature-Input', 'a=();created=1'], ['Signature', 'a=:YQ==:'], ...headerLines(request)]),
  }),
  accept('spaces and tabs around commas, and other members', requestOf(), {
    after(request) {
      const others = withOthers(
        'Signature-Input',
        '*a=1,a=2 \t,\ta=b\\, a*_.-9=1, ',
        ' , b=c"d, e"(")"),c=(\\)',
      )(request)
      return withOthers('Signature', 'a="\\"", ', ' \t,b=1')(others)
    },
  }),
  accept('spaces and tabs around a value', requestOf(), {
    after: (request) =>
      ['Host', 'X-CERT-VERIFY', 'Signature'].reduce((rest, name) => withOthers(name, ' \t', '\t ')(rest), request),
  }),
  accept('two lines in the middle of a list', requestOf(), {
    after: (request) =>
      withLines(request, [
        ['Signature-Input', 'a=("@method";req'],
        ['Signature-Input', '"@path"), b=()'],
        ...headerLines(request),
      ]),
  }),
  accept('a header of a later release', ...withLater(['x-cert-later', 'TLSv1.3'])),
  accept('16 headers of a later release', ...withLater(...sixteen)),
  accept('a header of a later release with the longest name', ...withLater([longest, '0'])),
  accept('headers of a later release in another order than in the signature', withLaterOnes[0], {
    ...withLaterOnes[1],
    after: reversed,
  }),
  accept(
    'a header of a later release without a certificate, on a route that does without',
    withLines(requestOf(WITHOUT_CERT), [...headerLines(requestOf(WITHOUT_CERT)), ['x-cert-later', '1']]),
    { certificate: 'optional', fields: (carried) => [...carried, 'x-cert-later'] },
  ),
  accept('OPTIONS with a certificate, on a route that does without', requestOf(DEFAULT_WORKER, { method: 'OPTIONS' }), {
    certificate: 'optional',
  }),
  accept('a target with other characters', requestOf(DEFAULT_WORKER, { target: '/a"b\\c|d{e}^`<f>#g??h#i' })),
  accept(
    'the absolute form of the target, signed so',
    requestOf(DEFAULT_WORKER, { target: 'https://app.example.com/pay?x' }),
  ),
  accept('expires before created', requestOf(), { expires: CREATED - 4 }),
  accept('expires beyond 32 bits', requestOf(), { expires: 99_999_999_999 }),
  accept('created beyond 32 bits', requestOf(WITHOUT_CERT), {
    certificate: 'optional',
    created: 99_999_999_930,
    now: 99_999_999_931,
  }),
  ...DESCRIPTIONS.map(([name, changes]) => accept(name, requestWith(changes, 'none'))),
  accept(
    'fingerprints with colons next to Client-Cert',
    requestWith({ certFingerprintSHA1: colons(sha1), certFingerprintSHA256: colons(sha256).toUpperCase() }, 'leaf'),
  ),
  accept('X-CERT-SUBJECT-DN alone', requestPlain),
  accept('values that no rule reads', requestUnread),
  accept('valid from this second on', requestWith({ certNotBefore: 'Nov 25 09:46:41 2026 GMT' }, 'none')),
  accept('valid to this second', requestWith({ certNotAfter: 'Nov 25 09:46:41 2026 GMT' }, 'none')),
  accept(
    'a subject without a name',
    requestWith({ certSubjectDN: '', certSubjectDNRFC2253: '', certSubjectDNLegacy: '' }, 'none'),
  ),
  accept(
    'an escaped comma before a type that would be ambiguous',
    requestWith({ certSubjectDN: 'CN=a\\,uid=b', certSubjectDNRFC2253: 'CN=a\\,uid=b,UID=c' }, 'none'),
  ),
  accept('created as late as the clocks may differ', requestOf(), { now: CREATED - 5 }),
  accept('expired as long as the clocks may differ', requestOf(), { now: CREATED + 65 }),
  accept('a lifetime of one second', requestOf(), { expires: CREATED + 1, now: CREATED + 6 }),
  accept('a nonce that differs from a spent one in its last letter', requestOf(), {
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
    spent: ['AAAAAAAAAAAAAAAAAAAAAQ', nonceOf('HMAC')],
  }),
]
