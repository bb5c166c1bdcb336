import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkSigningKey } from './signing-key.ts'

/** Key material that no message may repeat. */
const SECRET = 'eJ2xxOhYQm4s7kZ3v1pT0wqKcUuB8fRn5LdAgVyWiDM'
const PUBLIC = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
const PRIVATE = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'

const hmac = (change: object = {}) => ({ kty: 'oct', kid: '2026-11', k: SECRET, ...change })
const ed25519Public = (change: object = {}) => ({ kty: 'OKP', crv: 'Ed25519', kid: 'edge-1', x: PUBLIC, ...change })
const ed25519Private = (change: object = {}) => ed25519Public({ d: PRIVATE, ...change })

const BOTH_ROLES = ['sign', 'verify'] as const

function refusal(jwk: unknown, role: 'sign' | 'verify'): string {
  let result: unknown
  try {
    result = checkSigningKey(jwk, role)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    const { message } = error as TypeError
    // Eight consecutive characters of a secret are too many.
    for (const secret of [SECRET, PRIVATE]) {
      for (let at = 0; at + 8 <= secret.length; at += 1) expect(message).not.toContain(secret.slice(at, at + 8))
    }
    return message
  }
  expect.fail(`accepted as ${JSON.stringify(result)}`)
}

describe('checkSigningKey', () => {
  it.each(BOTH_ROLES)('accepts an HMAC key to %s', (role) => {
    expect(checkSigningKey(hmac(), role)).toEqual({ keyid: '2026-11', alg: 'hmac-sha256' })
    expect(checkSigningKey(hmac({ alg: 'HS256', use: 'sig', key_ops: ['sign', 'verify'] }), role)).toEqual({
      keyid: '2026-11',
      alg: 'hmac-sha256',
    })
    expect(checkSigningKey(hmac({ key_ops: [role], ext: true }), role)).toEqual({
      keyid: '2026-11',
      alg: 'hmac-sha256',
    })
  })

  it('accepts an HMAC key of 256 bits or more', () => {
    for (const bytes of [32, 33, 34, 35, 48, 64, 512]) {
      const k = randomBytes(bytes).toString('base64url')
      expect(checkSigningKey(hmac({ k }), 'verify').alg).toBe('hmac-sha256')
    }
  })

  it.each([undefined, 'EdDSA', 'Ed25519'])('accepts an Ed25519 key whose alg is %s', (alg) => {
    const change = alg === undefined ? {} : { alg }
    expect(checkSigningKey(ed25519Private(change), 'sign')).toEqual({ keyid: 'edge-1', alg: 'ed25519' })
    expect(checkSigningKey(ed25519Public(change), 'verify')).toEqual({ keyid: 'edge-1', alg: 'ed25519' })
  })

  it.each(['k', 'k'.repeat(64), 'A-Z_a~z.0-9'])('accepts the key id %s', (kid) => {
    expect(checkSigningKey(hmac({ kid }), 'sign').keyid).toBe(kid)
  })

  it.each([undefined, null, 'oct', JSON.stringify(hmac()), 7, true, [], [hmac()], () => hmac()])(
    'refuses %j, which is not a JSON object',
    (jwk) => {
      for (const role of BOTH_ROLES) {
        expect(refusal(jwk, role)).toBe(
          'the key must be a JWK; write one JSON object such as {"kty":"oct","kid":"2026-11","k":"…"}',
        )
      }
    },
  )

  it.each([
    undefined,
    null,
    '',
    7,
    ['k'],
    'k'.repeat(65),
    'a b',
    'a"b',
    'a\\b',
    'a/b',
    'ä',
    'a\n',
    'a,b',
    SECRET + PRIVATE,
  ])('refuses the key id %j', (kid) => {
    for (const role of BOTH_ROLES) {
      expect(refusal(hmac({ kid }), role)).toBe(
        'the JWK: "kid" is missing or malformed; write 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -',
      )
    }
  })

  it('refuses a JWKS where one key belongs', () => {
    expect(refusal({ keys: [hmac()] }, 'verify')).toBe(
      'the JWK: "kid" is missing or malformed; write 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -',
    )
  })

  it.each(['enc', '', null, 'SIG'])('refuses the use %j', (use) => {
    expect(refusal(hmac({ use }), 'sign')).toBe('the JWK "2026-11": "use" must be "sig"; correct or remove it')
  })

  it.each([[[]], [['verify']], [['encrypt']], ['sign'], [null], [{ sign: true }]])(
    'refuses to sign with the key_ops %j',
    (ops) => {
      expect(refusal(hmac({ key_ops: ops }), 'sign')).toBe(
        'the JWK "2026-11": "key_ops" must contain "sign"; add it or remove "key_ops"',
      )
    },
  )

  it('refuses to verify with a key that may only sign', () => {
    expect(refusal(ed25519Public({ key_ops: ['sign'] }), 'verify')).toBe(
      'the JWK "edge-1": "key_ops" must contain "verify"; add it or remove "key_ops"',
    )
  })

  it.each([undefined, null, '', 'RSA', 'EC', 'OCT', 'okp', 1])('refuses the kty %j', (kty) => {
    expect(refusal(hmac({ kty }), 'sign')).toBe(
      'the JWK "2026-11": "kty" must be "oct" (HMAC), or "OKP" with "crv":"Ed25519"',
    )
  })

  it.each(['HS512', 'none', 'hmac-sha256', 'hs256', '', null])('refuses an HMAC key whose alg is %j', (alg) => {
    for (const role of BOTH_ROLES) {
      expect(refusal(hmac({ alg }), role)).toBe('the JWK "2026-11": "alg" must be "HS256"; correct or remove it')
    }
  })

  it.each([
    ['is missing', undefined],
    ['is null', null],
    ['is empty', ''],
    ['is no string', 7],
    ['holds 31 bytes', SECRET.slice(0, 42)],
    ['holds 31 bytes and a stray character', SECRET.slice(0, 41)],
    ['is plain base64', `${SECRET.slice(0, -2)}+/`],
    ['is padded', `${SECRET}=`],
    ['holds a space', `${SECRET} `],
    ['ends in a newline', `${SECRET}\n`],
    ['is hexadecimal with colons', Array(32).fill('ab').join(':')],
    ['was cut one character behind a group of four', `${SECRET}AA`],
  ])('refuses an HMAC key whose k %s', (_, k) => {
    for (const role of BOTH_ROLES) {
      expect(refusal(hmac({ k }), role)).toBe('the JWK "2026-11": "k" must be at least 32 random bytes in base64url')
    }
  })

  it.each([
    ['crv is X25519', { crv: 'X25519' }],
    ['crv is Ed448', { crv: 'Ed448' }],
    ['crv is missing', { crv: undefined }],
    ['crv is in lower case', { crv: 'ed25519' }],
    ['x is missing', { x: undefined }],
    ['x is a byte short', { x: PUBLIC.slice(0, 42) }],
    ['x is a byte long', { x: `${PUBLIC}A` }],
    ['x is padded', { x: `${PUBLIC}=` }],
    ['x is plain base64', { x: PUBLIC.replace('_', '/') }],
    ['x is no string', { x: 7 }],
  ])('refuses an Ed25519 key whose %s', (_, change) => {
    const message = 'the JWK "edge-1": "crv" must be "Ed25519", and "x" the public key in base64url'
    expect(refusal(ed25519Private(change), 'sign')).toBe(message)
    expect(refusal(ed25519Public(change), 'verify')).toBe(message)
  })

  it.each(['HS256', 'ES256', 'Ed448', 'eddsa', '', null])('refuses an Ed25519 key whose alg is %j', (alg) => {
    const message = 'the JWK "edge-1": "alg" must be "Ed25519"; correct or remove it'
    expect(refusal(ed25519Private({ alg }), 'sign')).toBe(message)
    expect(refusal(ed25519Public({ alg }), 'verify')).toBe(message)
  })

  it.each([
    ['is missing', undefined],
    ['is null', null],
    ['is a byte short', PRIVATE.slice(0, 42)],
    ['is a byte long', `${PRIVATE}A`],
    ['is padded', `${PRIVATE}=`],
  ])('refuses to sign with an Ed25519 key whose d %s', (_, d) => {
    expect(refusal(ed25519Private({ d }), 'sign')).toBe(
      'the JWK "edge-1": "d" is missing or malformed; give the Worker the private key',
    )
  })

  it.each([
    ['a private key', PRIVATE],
    ['an empty d', ''],
    ['a d of null', null],
  ])('refuses %s at the origin', (_, d) => {
    expect(refusal(ed25519Private({ d }), 'verify')).toBe(
      'the JWK "edge-1" must not contain the private "d"; give the origin the public key',
    )
  })

  it.each(BOTH_ROLES)('refuses to %s with an HMAC key that is not random', (role) => {
    for (const secret of [Buffer.alloc(32), Buffer.alloc(64, 1), Buffer.from('secret-secret-secret-secret-secr')]) {
      expect(refusal(hmac({ k: secret.toString('base64url') }), role)).toBe(
        'the JWK "2026-11": "k" is not random, so an attacker can guess it; make a new key with "npx --package @countersign/dev-edge countersign keygen"',
      )
    }
  })

  it('refuses to sign with an Ed25519 key that is not random', () => {
    expect(refusal(ed25519Private({ d: Buffer.alloc(32, 7).toString('base64url') }), 'sign')).toBe(
      'the JWK "edge-1": "d" is not random, so an attacker can guess it; make a new key with "npx --package @countersign/dev-edge countersign keygen"',
    )
  })

  it('does not accept an Ed25519 key as an HMAC key, with any alg', () => {
    expect(refusal(ed25519Public({ kty: 'oct', alg: 'HS256' }), 'verify')).toMatch(
      /"k" must be at least 32 random bytes/,
    )
  })
})
