import { adding, moved, refuse, removing, rewriting, setting } from './changes.ts'
import { DEFAULT_WORKER, NO_CERT, requestOf, requestWith, TOKEN } from './parts.ts'
import { CREATED, ED25519, HMAC, nonceOf, type RefusedVector } from './vector.ts'

const INPUT = 'Signature-Input'
const SIGNATURE = 'Signature'

/** The order of the group of Ed25519 (RFC 8032, section 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** Other spellings of the bytes between the colons. */
const SPELLINGS: readonly (readonly [string, (member: string) => string, typeof HMAC])[] = [
  ['no colon at the end', (all) => all.slice(0, -1), HMAC],
  ['a string', (all) => all.replace(/:(.*):/, '"$1"'), HMAC],
  ['a list', (all) => all.replace(/:.*:/, '($&)'), HMAC],
  ['a space', (all) => all.replace('=:', '=: '), HMAC],
  ['a space at the end', (all) => all.replace(/:$/, ' :'), HMAC],
  ['more padding', (all) => all.replace(/=:$/, '==:'), HMAC],
  ['one more colon', (all) => `${all}:`, HMAC],
  ['no padding, Ed25519', (all) => all.replace('==:', ':'), ED25519],
  ['spare bits that are not zero, Ed25519', (all) => all.replace(/.==:$/, (end) => `${nextLetter(end)}==:`), ED25519],
]

/** Requests whose signature belongs to another key or another request. */
const BYTES: readonly RefusedVector[] = [
  refuse('keyid', 'a key that the origin does not have', requestOf(), { keyid: 'dev-vectors-other' }),
  refuse('keyid', 'the case of a key', requestOf(), { keyid: 'DEV-vectors-hmac' }),
  refuse('keyid', '64 characters', requestOf(), { keyid: 'a'.repeat(64) }),
  refuse('alg', 'an Ed25519 key, used as a secret for HMAC', requestOf(), {
    key: { kty: 'oct', kid: 'dev-vectors-ed25519', k: ED25519.x as string },
  }),
  refuse('alg', 'an HMAC key with ed25519', requestOf(), { key: ED25519, keyid: HMAC.kid as string }),
  refuse(
    'signature-encoding',
    'no colons',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replaceAll(':', '')),
  ),
  refuse(
    'signature-encoding',
    'no padding',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replace(/=:$/, ':')),
  ),
  refuse(
    'signature-encoding',
    'a parameter',
    requestOf(),
    rewriting(SIGNATURE, (all) => `${all};a=1`),
  ),
  refuse(
    'signature-encoding',
    'base64url',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replace(/=:../, '=:-_')),
  ),
  refuse(
    'signature-encoding',
    'spare bits that are not zero',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replace(/.=:$/, (end) => `${nextLetter(end)}=:`)),
  ),
  refuse('signature-encoding', '31 bytes', requestOf(), { signature: (bytes) => bytes.subarray(1) }),
  refuse('signature-encoding', 'empty', requestOf(), { signature: () => Buffer.alloc(0) }),
  refuse('signature-encoding', '33 bytes', requestOf(), { signature: (bytes) => Buffer.concat([bytes, Buffer.of(0)]) }),
  refuse('signature-encoding', '65 bytes', requestOf(), {
    key: ED25519,
    signature: (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
  }),
  ...SPELLINGS.map(([name, rewrite, key]) =>
    refuse('signature-encoding', name, requestOf(), { key, ...rewriting(SIGNATURE, rewrite) }),
  ),
  refuse('signature', 'another byte, HMAC', requestOf(), { signature: flipped }),
  refuse('signature', 'another byte, Ed25519', requestOf(), { key: ED25519, signature: flipped }),
  refuse('signature', 'the length of the other algorithm', requestOf(), {
    signature: (bytes) => Buffer.concat([bytes, bytes]),
  }),
  refuse('signature', 'half of the length, Ed25519', requestOf(), {
    key: ED25519,
    signature: (bytes) => bytes.subarray(0, 32),
  }),
  refuse('signature', 'S plus the order of the group, Ed25519', requestOf(), { key: ED25519, signature: withOrder }),
  refuse('signature', 'zeros, Ed25519', requestOf(), { key: ED25519, signature: () => Buffer.alloc(64) }),
  refuse('signature', 'another key with the same keyid', requestOf(), {
    key: { ...HMAC, k: nonceOf('another key').repeat(3) },
  }),
  refuse('signature', 'a line feed at the end of the base', requestOf(), { base: (base) => `${base}\n` }),
  refuse(
    'signature',
    'a changed header',
    requestOf(),
    rewriting('X-CERT-SERIAL', () => '01'),
  ),
  refuse('signature', 'a changed header, Ed25519', requestOf(), {
    key: ED25519,
    ...rewriting('X-CERT-SERIAL', () => '01'),
  }),
  refuse(
    'signature',
    'the case of a value',
    requestOf(),
    rewriting('X-CERT-SKI', (value) => value.toLowerCase()),
  ),
  refuse(
    'signature',
    'another Access token',
    requestOf(),
    rewriting('Cf-Access-Jwt-Assertion', () => TOKEN.slice(1)),
  ),
  refuse('signature', 'another method', requestOf(), moved({ method: 'POST' })),
  refuse('signature', 'the case of the method', requestOf(), moved({ method: 'get' })),
  refuse('signature', 'another path', requestOf(), moved({ target: '/admin?x=1' })),
  refuse('signature', 'another spelling of the path', requestOf(), moved({ target: '/p%61y?x=1' })),
  refuse('signature', 'a slash more', requestOf(), moved({ target: '//pay?x=1' })),
  refuse('signature', 'another query', requestOf(), moved({ target: '/pay?x=2' })),
  refuse('signature', 'no query', requestOf(), moved({ target: '/pay' })),
  refuse(
    'signature',
    'the absolute form of the target',
    requestOf(),
    moved({ target: 'https://app.example.com/pay?x=1' }),
  ),
  refuse(
    'signature',
    'another host',
    requestOf(),
    rewriting('Host', () => 'app.example.com:8443'),
  ),
  refuse(
    'signature',
    'created in a changed parameter',
    requestOf(),
    rewriting(INPUT, (all) => all.replace(`expires=${CREATED + 60}`, `expires=${CREATED + 61}`)),
  ),
]

/** Another signature over the same text, for a verifier that does not compare `S` with the order. */
function withOrder(bytes: Buffer): Buffer {
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32).toReversed()).toString('hex')}`) + ORDER
  const reversed = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').toReversed()
  return Buffer.concat([bytes.subarray(0, 32), reversed])
}

/** Base64 with a spare bit, which decodes to the same bytes. */
function nextLetter(end: string): string {
  return String.fromCharCode(end.charCodeAt(0) + 1)
}

function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.with(0, (bytes[0] ?? 0) ^ 1))
}

const hostOf = (host: string) => requestOf(DEFAULT_WORKER, { host })

/** Requests that come at the wrong time, again, or for another host. */
const TARGETS: readonly RefusedVector[] = [
  refuse('target-characters', 'a path that is not ASCII', requestOf(DEFAULT_WORKER, { target: '/p\xe9' })),
  refuse('host-repeated', 'two lines of Host', requestOf(), adding('Host', 'app.example.com')),
  refuse('host-spelling', 'upper case', hostOf('App.example.com'), { authority: 'app.example.com' }),
  refuse('host-spelling', 'the default port', hostOf('app.example.com:443'), { authority: 'app.example.com' }),
  refuse('signature', 'no Host', requestOf(), removing('Host')),
  refuse('target-characters', 'U+007F in the path', requestOf(DEFAULT_WORKER, { target: '/p\x7f' })),
  refuse('target-characters', 'a space in the host', hostOf('app.example.com app.example.com')),
  refuse('own-host', 'no Host', setting('Host', undefined), { authority: '' }),
  refuse('own-host', 'two hosts in one line', hostOf('app.example.com,app.example.com')),
  refuse('own-host', 'a user in front', hostOf('a@app.example.com')),
  refuse('own-host', 'a colon without a port', hostOf('app.example.com:')),
  refuse('own-host', 'the default port with a zero', hostOf('app.example.com:0443')),
  refuse('expired', 'and signed for another host', hostOf('other.example.com'), { now: CREATED + 66 }),
  refuse('own-host', 'a host of another origin', hostOf('other.example.com')),
  refuse('own-host', 'another port', hostOf('app.example.com:8444')),
  refuse('own-host', 'a dot at the end', hostOf('app.example.com.')),
  refuse('created', 'in the future', requestOf(), { now: CREATED - 6 }),
  refuse('created', 'in the future by a part of a second more', requestOf(), { now: CREATED - 5.5 }),
  refuse('expired', 'expires has passed', requestOf(), { now: CREATED + 66 }),
  refuse('expired', 'expires is before created, and has passed', requestOf(), { expires: CREATED - 5 }),
  refuse('expired', 'by a part of a second', requestOf(), { now: CREATED + 65.5 }),
  refuse('expired', 'expires is early', requestOf(), { expires: CREATED + 1, now: CREATED + 7 }),
  refuse('expired', 'older than maxAge, although expires is later', requestOf(), {
    expires: CREATED + 600,
    now: CREATED + 66,
  }),
  refuse('replayed', 'HMAC', requestOf(), { nonce: nonceOf('spent'), spent: [nonceOf('other'), nonceOf('spent')] }),
  refuse('replayed', 'Ed25519', requestOf(), { key: ED25519, nonce: nonceOf('spent'), spent: [nonceOf('spent')] }),
  refuse(
    'replayed',
    'without a certificate, on a route that does without',
    requestOf({ ...DEFAULT_WORKER, tlsClientAuth: NO_CERT }),
    { certificate: 'optional', nonce: nonceOf('spent'), spent: [nonceOf('spent')] },
  ),
  refuse('revoked', 'and a nonce that was spent', requestWith({ certRevoked: '1' }), {
    nonce: nonceOf('spent'),
    spent: [nonceOf('spent')],
  }),
]

/** Requests that an origin refuses for their signature. */
export const REFUSED_SIGNATURES: readonly RefusedVector[] = [...BYTES, ...TARGETS]
