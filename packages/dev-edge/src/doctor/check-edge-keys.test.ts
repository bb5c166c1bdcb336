import { describe, expect, it } from 'vitest'
import { createEdgeKey, toVerificationKey } from '../pki/edge-key.ts'
import { checkEdgeKeys as report } from './check-edge-keys.ts'

const hmac = createEdgeKey()
const ed25519 = createEdgeKey('ed25519')
const publicKey = toVerificationKey(ed25519)

const checkEdgeKeys = (text: string) => report(text).findings[0]

describe('checkEdgeKeys', () => {
  it.each([
    ['one key', hmac],
    ['a list', [hmac, publicKey]],
    ['a JWK Set', { keys: [publicKey] }],
  ])('accepts %s', (_what, keys) => {
    expect(checkEdgeKeys(JSON.stringify(keys))).toMatchObject({ outcome: 'ok' })
  })

  it('names the keys by id and algorithm', () => {
    expect(report(JSON.stringify([hmac, publicKey])).keys).toEqual([hmac, publicKey])
    expect(checkEdgeKeys(JSON.stringify([hmac, publicKey]))?.detail).toBe(
      `"${hmac.kid}" (hmac-sha256), "${publicKey.kid}" (ed25519)`,
    )
  })

  it.each([
    [
      'the private half of an Ed25519 key',
      [ed25519],
      /must not contain the private "d"; give the origin the public key/,
    ],
    ['a weak key', { ...hmac, k: 'c2hvcnQ' }, /"k" must be at least 32 random bytes/],
    ['two keys of one name', [hmac, { ...publicKey, kid: hmac.kid }], /two keys have the "kid"/],
    ['an empty list', [], /the set contains no key/],
    ['no key at all', 'secret', /the key must be a JWK/],
  ])('fails %s', (_what, keys, detail) => {
    expect(report(JSON.stringify(keys)).keys).toEqual([])
    expect(checkEdgeKeys(JSON.stringify(keys))).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(detail),
    })
  })

  it('never quotes a key, whatever its fault', () => {
    for (const text of [`{"k":"${hmac.k}"`, JSON.stringify([ed25519]), JSON.stringify([{ ...hmac, kid: '!' }])]) {
      const finding = checkEdgeKeys(text)
      expect(finding).toMatchObject({ outcome: 'failed', advice: expect.any(String) })
      expect(JSON.stringify(finding)).not.toContain(hmac.k)
      expect(JSON.stringify(finding)).not.toContain(ed25519.d)
    }
  })
})
