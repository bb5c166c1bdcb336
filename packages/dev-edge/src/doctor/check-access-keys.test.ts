import { describe, expect, it } from 'vitest'
import { AccessIssuer } from '../access/access-issuer.ts'
import { checkKeySet } from './check-access-keys.ts'

const DAY = 24 * 60 * 60 * 1000
const issuer = await AccessIssuer.create()
const before = issuer.certs()
await issuer.rotateKeys()
const certs = issuer.certs()
const [newest = {}] = certs.keys

const judge = (document: unknown, now = Date.now()) =>
  checkKeySet(document, now).map(({ check, outcome, detail }) => [check, outcome, detail])

describe('checkKeySet', () => {
  it('accepts the current and the previous key', () => {
    expect(judge(certs)).toEqual([
      ['access-keys', 'ok', '2 RS256 keys'],
      ['access-key-age', 'ok', 'the newest key is 1 day old'],
    ])
  })

  it('omits the age without a certificate', () => {
    expect(judge({ keys: [newest] })).toEqual([['access-keys', 'ok', '1 RS256 key']])
  })

  it.each([
    ['no object', undefined, /not a JWK Set/],
    ['no list', { keys: {} }, /not a JWK Set/],
    ['an empty list', { keys: [] }, /no RS256 key/],
    ['keys of another kind', { keys: [null, 'x', { kty: 'EC', kid: 'a' }] }, /no RS256 key/],
    ['a short RSA key', { keys: [{ ...newest, n: 'AQAB' }] }, /no RS256 key/],
    ['a key for another algorithm', { keys: [{ ...newest, alg: 'RS512' }] }, /no RS256 key/],
    ['two keys of one name', { keys: [newest, newest] }, /same "kid"/],
    ['a private key', { keys: [{ ...newest, d: 'AQAB' }] }, /private key is published/],
  ])('fails %s', (_what, document, detail) => {
    expect(judge(document)).toEqual([['access-keys', 'failed', expect.stringMatching(detail)]])
  })

  it('warns of keys that every origin rejects', () => {
    const [finding] = judge({ keys: [newest, { kty: 'EC' }] })
    expect(finding).toEqual(['access-keys', 'warning', '1 RS256 key, and 1 that every origin rejects'])
  })

  it.each([
    ['a key that was not rotated for two months', certs, 60, /60|61 days old/],
    ['a certificate that expired', certs, 400, /has expired/],
    ['a newest key that is not in the set', { ...certs, public_cert: { kid: 'x', cert: '' } }, 0, /not in the set/],
    ['a certificate that is none', { ...certs, public_cert: { kid: newest.kid, cert: 'x' } }, 0, /cannot be read/],
    ['the certificate of a key that was dropped', { ...certs, keys: before.keys }, 0, /not in the set/],
  ])('warns of %s', (_what, document, days, detail) => {
    const [, finding] = judge(document, Date.now() + days * DAY)
    expect(finding).toEqual(['access-key-age', 'warning', expect.stringMatching(detail)])
  })
})
