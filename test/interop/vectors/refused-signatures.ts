import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { DEFAULT_WORKER, requestOf, requestWith, TOKEN } from './parts.ts'
import { refuse, setting } from './refused-headers.ts'
import { CREATED, ED25519, HMAC, nonceOf, type RefusedVector, type VectorChanges } from './vector.ts'

const INPUT = 'Signature-Input'
const SIGNATURE = 'Signature'

/** Rewrites a header of a signed request. */
const rewriting = (name: string, rewrite: (value: string) => string): VectorChanges => ({
  after: (request) => withHeader(request, name, rewrite(headerOf(request, name) ?? '')),
})
const removing = (...names: readonly string[]): VectorChanges => ({
  after: (request) => names.reduce((rest, name) => withHeader(rest, name, undefined), request),
})
/** Rewrites the signature's parameters before it is made. */
const input = (from: string | RegExp, to: string): VectorChanges => ({ input: (member) => member.replace(from, to) })
const adding = (name: string, value: string): VectorChanges => ({
  after: (request) => withLines(request, [...headerLines(request), [name, value]]),
})
const moved = (changes: Partial<WireRequest>): VectorChanges => ({ after: (request) => ({ ...request, ...changes }) })

/** Requests without one signature of the profile. */
const PROFILE: readonly RefusedVector[] = [
  refuse('signature-missing', 'neither header', requestOf(), {
    ...removing(INPUT, SIGNATURE),
    signature: () => Buffer.alloc(0),
  }),
  refuse('signature-missing', 'no Signature-Input', requestOf(), removing(INPUT)),
  refuse('signature-missing', 'no Signature', requestOf(), removing(SIGNATURE)),
  refuse(
    'signature-missing',
    'Signature-Input has another label',
    requestOf(),
    rewriting(INPUT, (all) => all.replace('countersign=', 'sig1=')),
  ),
  refuse(
    'signature-missing',
    'Signature has another label',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replace('countersign=', 'sig1=')),
  ),
  refuse(
    'dictionary',
    'a label in upper case',
    requestOf(),
    rewriting(INPUT, (all) => all.replace('countersign=', 'Countersign=')),
  ),
  refuse(
    'dictionary',
    'a member without a value',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a`),
  ),
  refuse(
    'dictionary',
    'nothing after a comma',
    requestOf(),
    rewriting(SIGNATURE, (all) => `${all},`),
  ),
  refuse(
    'dictionary',
    'a string without an end',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a="`),
  ),
  refuse(
    'dictionary',
    'a list without an end',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a=(`),
  ),
  refuse(
    'dictionary',
    'a character that is not ASCII',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a="\xe9"`),
  ),
  refuse(
    'member-repeated',
    'two members in Signature-Input',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, ${all}`),
  ),
  refuse('member-repeated', 'two lines of Signature', requestOf(), adding(SIGNATURE, 'countersign=:YQ==:')),
  refuse('components', 'another order', requestOf(), {
    fields: ([token = '', first = '', second = '', ...rest]) => [token, second, first, ...rest],
  }),
  refuse('components', 'the Access token at the end', requestOf(), {
    fields: ([token = '', ...rest]) => [...rest, token],
  }),
  refuse('components', 'a component twice', requestOf(), {
    fields: (all) => all.flatMap((name) => (name === 'x-cert-serial' ? [name, name] : [name])),
  }),
  refuse('components', 'a parameter of a component', requestOf(), input('"x-cert-serial"', '"x-cert-serial";bs')),
  refuse('components', 'a header that is not of the table', requestOf(), { fields: (all) => ['host', ...all] }),
  refuse(
    'header-unknown',
    'a later header that the signature covers before those of the table',
    setting('x-cert-later', '1'),
    {
      fields: (all) => ['x-cert-later', ...all],
    },
  ),
  refuse('components', 'no list', requestOf(), input(/^\([^)]*\)/, '"x-cert-presented"')),
  refuse('components', 'two spaces', requestOf(), input(' ', '  ')),
  refuse('derived-components', 'no @query', requestOf(), without('@query')),
  refuse('derived-components', 'no @authority', requestOf(), without('@authority')),
  refuse('derived-components', 'another order', requestOf(), input('"@authority" "@method"', '"@method" "@authority"')),
  refuse('derived-components', 'one more', requestOf(), input('"@query"', '"@query" "@scheme"')),
  ...['X-CERT-PRESENTED', 'X-CERT-VERIFY', 'X-CERT-REVOKED'].map((name) =>
    refuse('always-covered', `no ${name}`, setting(name, undefined)),
  ),
  refuse('coverage', 'a header of the request is not covered', requestOf(), {
    fields: (all) => all.filter((name) => name !== 'x-cert-finger-256'),
  }),
  refuse('coverage', 'the Access token is not covered', requestOf(), { fields: ([_token, ...all]) => all }),
]

function without(name: string): VectorChanges {
  return input(` "${name}"`, '')
}

const PARAMETERS: readonly (readonly [string, string | RegExp, string])[] = [
  ['another tag', 'tag="countersign"', 'tag="other"'],
  ['no tag', ';tag="countersign"', ''],
  ['no created', /;created=\d+/, ''],
  ['no expires', /;expires=\d+/, ''],
  ['no nonce', /;nonce="[^"]*"/, ''],
  ['no keyid', /;keyid="[^"]*"/, ''],
  ['no alg', /;alg="[^"]*"/, ''],
  ['another order', /(;created=\d+)(;expires=\d+)/, '$2$1'],
  ['one more', /$/, ';v=1'],
  ['a parameter twice', /(;created=\d+)/, '$1$1'],
  ['a space', ';expires', '; expires'],
  ['created as a decimal number', /created=(\d+)/, 'created=$1.0'],
  ['created below zero', 'created=', 'created=-'],
  ['created with a leading zero', 'created=', 'created=0'],
  ['a nonce of 21 characters', /nonce="./, 'nonce="'],
  ['a nonce in base64', /nonce="../, 'nonce="+/'],
  ['a keyid with a slash', /keyid="[^"]*"/, 'keyid="a/b"'],
  ['an algorithm that is not of the profile', /alg="[^"]*"/, 'alg="rsa-pss-sha512"'],
]

/** Requests whose signature belongs to another key or another request. */
const BYTES: readonly RefusedVector[] = [
  ...PARAMETERS.map(([name, from, to]) => refuse('parameters', name, requestOf(), input(from, to))),
  refuse('keyid', 'a key that the origin does not have', requestOf(), { keyid: 'dev-vectors-other' }),
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
  refuse('signature', 'another byte, HMAC', requestOf(), { signature: flipped }),
  refuse('signature', 'another byte, Ed25519', requestOf(), { key: ED25519, signature: flipped }),
  refuse('signature', 'the length of the other algorithm', requestOf(), {
    signature: (bytes) => Buffer.concat([bytes, bytes]),
  }),
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
  refuse('own-host', 'a host of another origin', hostOf('other.example.com')),
  refuse('own-host', 'another port', hostOf('app.example.com:8444')),
  refuse('own-host', 'a dot at the end', hostOf('app.example.com.')),
  refuse('created', 'in the future', requestOf(), { now: CREATED - 6 }),
  refuse('created', 'in the future by a part of a second more', requestOf(), { now: CREATED - 5.5 }),
  refuse('expired', 'expires has passed', requestOf(), { now: CREATED + 66 }),
  refuse('expired', 'by a part of a second', requestOf(), { now: CREATED + 65.5 }),
  refuse('expired', 'expires is early', requestOf(), { expires: CREATED + 1, now: CREATED + 7 }),
  refuse('expired', 'older than maxAge, although expires is later', requestOf(), {
    expires: CREATED + 600,
    now: CREATED + 66,
  }),
  refuse('replayed', 'HMAC', requestOf(), { nonce: nonceOf('spent'), spent: [nonceOf('other'), nonceOf('spent')] }),
  refuse('replayed', 'Ed25519', requestOf(), { key: ED25519, nonce: nonceOf('spent'), spent: [nonceOf('spent')] }),
  refuse('revoked', 'and a nonce that was spent', requestWith({ certRevoked: '1' }), {
    nonce: nonceOf('spent'),
    spent: [nonceOf('spent')],
  }),
]

/** Requests that an origin refuses for their signature. */
export const REFUSED_SIGNATURES: readonly RefusedVector[] = [...PROFILE, ...BYTES, ...TARGETS]
