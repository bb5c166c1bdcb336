import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { importEdgeKeys } from './edge-keys.ts'

/** Key material that no message may repeat; the Ed25519 pair is that of RFC 8037, appendix A. */
const SECRET = 'eJ2xxOhYQm4s7kZ3v1pT0wqKcUuB8fRn5LdAgVyWiDM'
const PUBLIC = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
const PRIVATE = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'

const hmac = (change: object = {}) => ({ kty: 'oct', kid: 'hmac-1', k: SECRET, ...change })
const ed25519 = (change: object = {}) => ({ kty: 'OKP', crv: 'Ed25519', kid: 'ed-1', x: PUBLIC, ...change })

function faultOf(keys: unknown): string {
  let imported: unknown
  try {
    imported = importEdgeKeys(keys)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    const { message, cause } = error as TypeError
    expect(cause).toBeUndefined()
    // Eight consecutive characters of a key are too many.
    for (const secret of [SECRET, PUBLIC, PRIVATE]) {
      for (let at = 0; at + 8 <= secret.length; at += 1) expect(message).not.toContain(secret.slice(at, at + 8))
    }
    return message
  }
  return expect.fail(`accepted: ${String(imported)}`)
}

describe('importEdgeKeys', () => {
  it('imports an HMAC key that computes the same as the Worker', () => {
    const key = importEdgeKeys(hmac()).get('hmac-1')
    expect(key?.alg).toBe('hmac-sha256')
    const expected = createHmac('sha256', Buffer.from(SECRET, 'base64url')).update('base').digest('base64')
    expect(key?.verify('ba', 'se', expected)).toBe(true)
    expect(key?.verify('ba', 'sf', expected)).toBe(false)
  })

  it('imports an Ed25519 public key that verifies a signature of the private one', () => {
    const key = importEdgeKeys(ed25519()).get('ed-1')
    expect(key?.alg).toBe('ed25519')
    const privateKey = createPrivateKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'Ed25519', x: PUBLIC, d: PRIVATE },
    })
    const signature = sign(null, Buffer.from('base'), privateKey).toString('base64')
    expect(key?.verify('ba', 'se', signature)).toBe(true)
    expect(key?.verify('ba', 'sf', signature)).toBe(false)
  })

  it('refuses a key of a local edge in production alone', () => {
    const local = hmac({ kid: 'dev-8785b8ef' })
    expect(importEdgeKeys(local).size).toBe(1)
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(faultOf([hmac(), local])).toBe(
      'edge.keys: the key "dev-8785b8ef" is of a local edge, and NODE_ENV is "production"; make a key with "npx --package @countersign/dev-edge countersign keygen", or set another NODE_ENV',
    )
    for (const kid of ['2026-11', 'my-dev-1', 'dev']) expect(importEdgeKeys(hmac({ kid })).size).toBe(1)
    vi.stubEnv('NODE_ENV', 'test')
    expect(importEdgeKeys(local).size).toBe(1)
  })

  it('refuses a public key for which signatures can be made without a private key', () => {
    const x = Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'hex').toString(
      'base64url',
    )
    expect(faultOf(ed25519({ x }))).toBe(
      'edge.keys: the JWK "ed-1": "x" is not a public key, because an attacker can sign for it; make a new key with "npx --package @countersign/dev-edge countersign keygen"',
    )
  })

  it.each([
    ['a list', [hmac(), ed25519()]],
    ['a JWK Set', { keys: [hmac(), ed25519()] }],
    ['a JWK Set with other members', { keys: [hmac(), ed25519()], public_cert: {} }],
  ])('imports every key of %s', (_what, keys) => {
    expect([...importEdgeKeys(keys)].map(([keyid, { alg }]) => [keyid, alg])).toEqual([
      ['hmac-1', 'hmac-sha256'],
      ['ed-1', 'ed25519'],
    ])
  })

  it('gives no key for a name that objects have anyway', () => {
    const keys = importEdgeKeys(hmac())
    for (const name of ['__proto__', 'constructor', 'toString', '']) expect(keys.get(name)).toBeUndefined()
    expect(importEdgeKeys(hmac({ kid: '__proto__' })).get('__proto__')?.alg).toBe('hmac-sha256')
  })

  it.each([
    ['a list', []],
    ['a JWK Set', { keys: [] }],
  ])('refuses %s without keys', (_what, keys) => {
    expect(faultOf(keys)).toBe('edge.keys is empty; write at least one JWK')
  })

  it('imports the JSON text of one key, of several and of a JWK Set', () => {
    for (const keys of [hmac(), [hmac(), ed25519()], { keys: [hmac(), ed25519()] }]) {
      expect([...importEdgeKeys(JSON.stringify(keys)).keys()]).toEqual([...importEdgeKeys(keys).keys()])
    }
  })

  it.each([
    [SECRET, 'text that is not JSON'],
    [`'${JSON.stringify(hmac())}'`, 'text that is not JSON'],
    ['-----BEGIN PUBLIC KEY-----', 'text that is not JSON'],
    ['', 'empty text'],
    [' \n', 'empty text'],
  ])('refuses other text, and quotes nothing of it', (text, fault) => {
    expect(faultOf(text)).toBe(
      `edge.keys is ${fault}; write the value of COUNTERSIGN_KEYS, one JWK, a list or a JWK Set as JSON, without quotes around it`,
    )
  })

  it.each([[undefined], [null], [7], [[SECRET]], [[null]], [{ keys: [SECRET] }], [{ keys: [[hmac()]] }]])(
    'refuses %j, which contains no JWK',
    (keys) => {
      expect(faultOf(keys)).toMatch(/^edge\.keys: the key must be a JWK; write one JSON object such as /)
    },
  )

  it.each([
    [{}],
    [{ keys: SECRET }],
    [{ keys: hmac() }],
    [hmac({ kid: undefined })],
    [hmac({ kid: SECRET + PRIVATE })],
  ])('refuses a key without a proper name', (keys) => {
    expect(faultOf(keys)).toBe(
      'edge.keys: the JWK: "kid" is missing or malformed; write 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -',
    )
  })

  it('names the keys in the output of keygen', () => {
    const output = { workerKey: hmac(), originKeys: [hmac()] }
    for (const keys of [output, JSON.stringify(output)]) {
      expect(faultOf(keys)).toBe(
        'edge.keys is the whole output of "countersign keygen --json"; write the value of "originKeys" alone',
      )
    }
  })

  it('refuses two keys of one name, of any kind', () => {
    const message = 'edge.keys: the "kid" "same" is not unique; give each key its own'
    expect(faultOf([hmac({ kid: 'same' }), hmac({ kid: 'same' })])).toBe(message)
    expect(faultOf({ keys: [hmac({ kid: 'same' }), ed25519(), ed25519({ kid: 'same' })] })).toBe(message)
  })

  it('accepts two names of one key', () => {
    expect(importEdgeKeys([hmac({ kid: 'old' }), hmac({ kid: 'new' })]).size).toBe(2)
  })

  it('refuses the private half of an Ed25519 key, alone and together with a good key', () => {
    const message = 'edge.keys: the JWK "ed-1" must not contain the private "d"; give the origin the public key'
    expect(faultOf(ed25519({ d: PRIVATE }))).toBe(message)
    expect(faultOf([hmac(), ed25519({ d: PRIVATE })])).toBe(message)
  })

  it.each([
    ['weak', hmac({ k: SECRET.slice(0, 40) }), /"k" must be at least 32 random bytes in base64url$/],
    ['padded', hmac({ k: `${SECRET}=` }), /"k" must be at least 32 random bytes/],
    ['of another curve', ed25519({ crv: 'X25519' }), /"crv" must be "Ed25519", and "x"/],
    ['for something else', hmac({ use: 'enc' }), /"use" must be "sig"/],
    ['that may only sign', ed25519({ key_ops: ['sign'] }), /"key_ops" must contain "verify"/],
    ['an RSA key', { kty: 'RSA', kid: 'rsa', n: PUBLIC, e: 'AQAB' }, /"kty" must be "oct" \(HMAC\), or "OKP"/],
    ['of another algorithm', hmac({ alg: 'HS512' }), /"alg" must be "HS256"/],
  ])('refuses a key that is %s', (_what, key, message) => {
    expect(faultOf(key)).toMatch(message)
    expect(faultOf([ed25519({ kid: 'good' }), key])).toMatch(message)
  })
})
