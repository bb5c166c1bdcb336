import type { TlsClientAuth } from '@countersign/wire'
import { refuse, setting } from './changes.ts'
import { DEFAULT_WORKER, NO_CERT, requestOf, requestWith, VERIFIED_CERT } from './parts.ts'
import { CREATED, nonceOf, type RefusedVector } from './vector.ts'

const optional = { certificate: 'optional' } as const
const withoutCert = (changes: Partial<TlsClientAuth>, method = 'GET') =>
  requestOf({ ...DEFAULT_WORKER, tlsClientAuth: { ...NO_CERT, ...changes } }, { method })

const { certFingerprintSHA1: sha1 = '', certFingerprintSHA256: sha256 = '', certRFC9440: body = '' } = VERIFIED_CERT
/** Expired by the origin's clock. */
const PAST = { certNotAfter: 'Nov 25 09:46:40 2026 GMT' } as const
const der = Buffer.from(body.slice(1, -1), 'base64')

/** Values of the description in a form that the Worker never writes, without `Client-Cert`. */
const FORMS: readonly (readonly [string, Partial<TlsClientAuth>])[] = [
  ...['A:BCD', 'AB:C', ':AB', 'AB::CD', 'AB CD', '-', '--05'].map(
    (text) => [`the serial number ${text}`, { certSerial: text }] as const,
  ),
  ['a fingerprint with a colon', { certFingerprintSHA256: sha256.replace(/^../, '$&:') }],
  ['a fingerprint with spaces', { certFingerprintSHA256: sha256.replace(/..(?=.)/g, '$& ') }],
  ['a fingerprint that is too long', { certFingerprintSHA256: `${sha256}aa` }],
  ['SHA-256 in the place of SHA-1', { certFingerprintSHA1: sha256 }],
  ['a key identifier that is not hexadecimal', { certSKI: 'xyz' }],
  ['a key identifier with a colon at a wrong place', { certSKI: 'A:B' }],
  ['a key identifier of the issuer that is not hexadecimal', { certIssuerSKI: '~' }],
  ...[
    'feb  1 00:00:00 2026 GMT',
    'Feb 30 00:00:00 2026 GMT',
    'Feb 29 00:00:00 2026 GMT',
    'Feb  0 00:00:00 2026 GMT',
    'Feb   1 00:00:00 2026 GMT',
    'Feb  1 0:00:00 2026 GMT',
    'Feb  1 24:00:00 2026 GMT',
    'Feb  1 00:60:00 2026 GMT',
    'Feb  1 00:00:60 2026 GMT',
    'Feb  1 00:00:00.5 2026 GMT',
    'Feb  1 00:00:00 02026 GMT',
    'Feb  1 00:00:00 2026 UTC',
    'Feb  1 00:00:00 2026',
  ].map((date) => [`the date ${date}`, { certNotBefore: date }] as const),
  ...[
    'CN',
    '=a',
    'CN=a,',
    'CN=a,,O=b',
    'CN=a\\',
    'CN=a\\xC3',
    'CN=a"b',
    'CN="a"b',
    'CN="a\\"',
    'CN=a<',
    'CN=a>',
    'CN=#',
    'CN=#0g',
    '/CN=a',
    'C N=a',
    'C_N=a',
    '1=a',
    '1.02=a',
    '\\75id=b',
    '"uid"=b',
    'CN=a,uid',
  ].map((name) => [`the subject ${name}`, { certSubjectDNRFC2253: name }] as const),
  ['the issuer CN=a\\', { certIssuerDNRFC2253: 'CN=a\\' }],
  [
    'a backslash at the end of the subject, and the issuer uid=b',
    {
      certSubjectDNRFC2253: 'CN=a\\',
      certIssuerDNRFC2253: 'uid=b',
    },
  ],
]

/** Other spellings of the bytes in `Client-Cert`. */
const BODIES: readonly (readonly [string, string])[] = [
  ['no colons', body.slice(1, -1)],
  ['no bytes', '::'],
  ['no padding', body.replace('=:', ':')],
  ['spare bits that are not zero', body.replace(/k=:$/, 'l=:')],
  ['base64url', body.replaceAll('+', '-').replaceAll('/', '_')],
  ['a space', body.replace(':', ': ')],
  ['a parameter', `${body};a=1`],
  ['two of them', `${body}, ${body}`],
]

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
  ...FORMS.map(([name, changes]) => refuse('description', name, requestWith(changes))),
  ...BODIES.map(([name, certRFC9440]) =>
    refuse('description', `Client-Cert with ${name}`, requestWith({ certRFC9440 }, 'leaf')),
  ),
  refuse(
    'description',
    'the issuer in the legacy form alone',
    setting('X-CERT-ISSUER-DN-2253', undefined, setting('X-CERT-ISSUER-DN-L', '/CN=a')),
  ),
  ...['CN=a;uid=b', 'CN=a; uid =b', 'CN="a",uid=b', 'CN=a\\\\,uid=b'].map((certSubjectDNRFC2253) =>
    refuse('ambiguous-name', certSubjectDNRFC2253, requestWith({ certSubjectDNRFC2253 })),
  ),
  refuse(
    'ambiguous-name',
    'uid in X-CERT-SUBJECT-DN alone',
    setting('X-CERT-SUBJECT-DN-2253', undefined, setting('X-CERT-SUBJECT-DN', 'uid=a')),
  ),
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
    'mismatch',
    'a byte behind the certificate',
    requestWith({ certRFC9440: `:${Buffer.concat([der, Buffer.of(0)]).toString('base64')}:` }, 'leaf'),
  ),
  refuse('mismatch', 'bytes that are not a certificate', requestWith({ certRFC9440: ':AAAA:' }, 'leaf')),
  refuse(
    'mismatch',
    'SHA-1 of another certificate',
    requestWith({ certFingerprintSHA1: sha1.replace(/^./, '0') }, 'leaf'),
  ),
  refuse(
    'mismatch',
    'SHA-256 of another certificate',
    requestWith({ certFingerprintSHA256: sha256.replace(/^./, '0') }, 'leaf'),
  ),
  refuse('validity-verdict', 'expired', requestWith({ certVerified: 'FAILED:certificate has expired' })),
  refuse('validity-verdict', 'not yet valid', requestWith({ certVerified: 'FAILED:certificate is not yet valid' })),
  refuse('outside-validity', 'expired', requestWith({ certNotAfter: 'Nov 25 09:46:40 2026 GMT' })),
  refuse('outside-validity', 'not yet valid', requestWith({ certNotBefore: 'Nov  1 00:00:00 2027 GMT' })),
  refuse('outside-validity', 'by a part of a second', requestWith({ certNotAfter: 'Nov 25 09:46:41 2026 GMT' }), {
    now: CREATED + 1.5,
  }),
  refuse(
    'outside-validity',
    'too early by a part of a second',
    requestWith({ certNotBefore: 'Nov 25 09:46:41 2026 GMT' }),
    {
      now: CREATED + 0.5,
    },
  ),
  refuse('flags', 'two values in a line', setting('X-CERT-PRESENTED', '1, 1')),
  refuse(
    'flags',
    'a flag that is not 0 or 1, and another verdict',
    requestWith({ certVerified: 'FAILED', certRevoked: '2' }),
  ),
  refuse(
    'not-presented',
    'X-CERT-REVOKED is 1, on a route that does without',
    withoutCert({ certRevoked: '1' }),
    optional,
  ),
  refuse(
    'not-presented',
    'a verdict in lower case, on a route that does without',
    withoutCert({ certVerified: 'none' }),
    optional,
  ),
  refuse(
    'not-presented',
    'an expired certificate that was not presented',
    withoutCert({ certVerified: 'FAILED:certificate has expired' }),
    optional,
  ),
  refuse('not-presented', 'OPTIONS', withoutCert({}, 'OPTIONS')),
  refuse('unverified', 'SUCCESS, SUCCESS', requestWith({ certVerified: 'SUCCESS, SUCCESS' })),
  refuse('unverified', 'and revoked', requestWith({ certVerified: 'FAILED', certRevoked: '1' })),
  refuse('unverified', 'and outside its validity', requestWith({ certVerified: 'FAILED', ...PAST })),
  refuse(
    'validity-verdict',
    'and revoked',
    requestWith({ certVerified: 'FAILED:certificate has expired', certRevoked: '1' }),
  ),
  refuse('revoked', 'and outside its validity', requestWith({ certRevoked: '1', ...PAST })),
  refuse('revoked', 'and without a serial number', requestWith({ certRevoked: '1', certSerial: '' })),
  refuse('description', 'no serial number, and outside its validity', requestWith({ certSerial: '', ...PAST })),
  refuse('ambiguous-name', 'and outside its validity', requestWith({ certSubjectDNRFC2253: 'uid=a', ...PAST })),
  refuse(
    'mismatch',
    'and outside its validity',
    requestWith({ certFingerprintSHA256: sha256.replace(/^./, '0'), ...PAST }, 'leaf'),
  ),
  refuse('outside-validity', 'and a nonce that was spent', requestWith(PAST), {
    nonce: nonceOf('spent'),
    spent: [nonceOf('spent')],
  }),
]
