import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importEdgeKeys } from './edge-keys.ts'
import { ed25519Key, hmacKey } from './testing/sign-lines.ts'

const hmac = hmacKey('h').jwk
const ed = ed25519Key('e').jwk

describe('importEdgeKeys', () => {
  it.each([
    ['one JWK', hmac, ['h']],
    ['several', [hmac, ed], ['h', 'e']],
    ['a JWK Set', { keys: [ed, hmac] }, ['e', 'h']],
  ])('takes %s', (_, keys, ids) => {
    expect([...importEdgeKeys(keys).keys()]).toEqual(ids)
  })

  it('knows the algorithm from the key', () => {
    const keys = importEdgeKeys([hmac, ed])
    expect(keys.get('h')).toMatchObject({ alg: 'hmac-sha256', key: { type: 'secret' } })
    expect(keys.get('e')).toMatchObject({ alg: 'ed25519', key: { type: 'public', asymmetricKeyType: 'ed25519' } })
  })

  it('takes the bytes of "k", not its text', () => {
    const imported = importEdgeKeys(hmac).get('h')?.key
    const expected = createHmac('sha256', Buffer.from(hmac.k as string, 'base64url'))
      .update('x')
      .digest('hex')
    expect(imported && createHmac('sha256', imported).update('x').digest('hex')).toBe(expected)
  })

  it('finds no key under a name that objects have by themselves', () => {
    const keys = importEdgeKeys(hmac)
    for (const id of ['constructor', '__proto__', 'toString']) expect(keys.get(id)).toBeUndefined()
  })

  it.each([
    ['no key at all', [], 'edge.keys is empty: write at least one JWK'],
    ['an empty set', { keys: [] }, 'edge.keys is empty: write at least one JWK'],
    ['text', JSON.stringify(hmac), 'edge.keys is text: write JSON.parse(process.env.COUNTERSIGN_KEYS)'],
    ['two keys with one id', [hmac, { ...ed, kid: 'h' }], 'edge.keys: two keys have the "kid" "h": give each its own'],
    ['undefined', undefined, /^edge\.keys: the key is not a JWK/],
    ['null', null, /^edge\.keys: the key is not a JWK/],
    ['a list in a list', [[hmac]], /^edge\.keys: the key is not a JWK/],
    ['a key without id', { ...hmac, kid: undefined }, /^edge\.keys: the JWK needs a "kid"/],
    ['a short secret', { ...hmac, k: 'c2hvcnQ' }, /^edge\.keys: the JWK "h" is too weak/],
    ['a private key', { ...ed, d: ed.x }, /^edge\.keys: the JWK "e" is a private key/],
    ['an RSA key', { kty: 'RSA', kid: 'r' }, /^edge\.keys: the JWK "r" needs "kty"/],
    [
      'a good key beside a bad one',
      [hmac, { kty: 'oct', kid: 'w', k: 'AAAA' }],
      /^edge\.keys: the JWK "w" is too weak/,
    ],
  ])('refuses %s', (_, keys, message) => {
    const importing = () => importEdgeKeys(keys)
    expect(importing).toThrow(TypeError)
    expect(importing).toThrow(message)
  })

  it('never quotes key material', () => {
    const bad = { ...hmac, k: `${'secret-'.repeat(2)}` }
    expect(() => importEdgeKeys(bad)).toThrow(expect.not.toSatisfy((error: Error) => error.message.includes('secret')))
  })
})
