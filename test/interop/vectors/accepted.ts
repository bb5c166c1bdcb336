import {
  type HeaderLine,
  headerLines,
  headerOf,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
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
      ...['X-Certainly', 'X-Client-Cert', 'Xcert-Verify', 'Certificate', 'Clientcert'].map(
        (name) => [name, '1'] as const,
      ),
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
  accept('a header of a later release', ...withLater(['x-cert-later', 'TLSv1.3'])),
  accept('16 headers of a later release', ...withLater(...sixteen)),
  accept('a header of a later release with the longest name', ...withLater([longest, '0'])),
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
