import { describe, expect, it } from 'vitest'
import type { AccessIdentity } from './access-identity.ts'
import { createTokenCache, type KnownToken, stillHolds } from './token-cache.ts'

const identity = (email: string): AccessIdentity => ({ kind: 'user', email, sub: undefined, claims: {} })
const known = (token: string, changes: Partial<KnownToken> = {}): KnownToken => ({
  token,
  keySet: {},
  expires: 100,
  identity: identity(token),
  ...changes,
})
const END = 'e'.repeat(40)

describe('createTokenCache', () => {
  it('knows a token again', () => {
    const cache = createTokenCache(10)
    const alice = known(`token.${END}`)
    expect(cache.get(`token.${END}`)).toBeUndefined()
    cache.set(alice)
    expect(cache.get(`token.${END}`)).toBe(alice)
  })

  it('compares the whole token: its last characters can be copied', () => {
    const cache = createTokenCache(10)
    cache.set(known(`header.payload.signature${END}`))
    expect(cache.get(`header.PAYLOAD.signature${END}`)).toBeUndefined()
    expect(cache.get(`x${`header.payload.signature${END}`}`)).toBeUndefined()
    expect(cache.get(END)).toBeUndefined()
    expect(cache.get('')).toBeUndefined()
  })

  it('holds the latest of two tokens that end alike', () => {
    const cache = createTokenCache(10)
    cache.set(known(`one${END}`))
    cache.set(known(`two${END}`))
    expect(cache.get(`one${END}`)).toBeUndefined()
    expect(cache.get(`two${END}`)).toMatchObject({ token: `two${END}` })
  })

  it('forgets the oldest when it is full', () => {
    const cache = createTokenCache(2)
    const [one, two, three] = ['one', 'two', 'three'].map((name) => known(name.padStart(40, '-'))) as [
      KnownToken,
      KnownToken,
      KnownToken,
    ]
    for (const each of [one, two, three]) cache.set(each)
    expect(cache.get(one.token)).toBeUndefined()
    expect(cache.get(two.token)).toBe(two)
    expect(cache.get(three.token)).toBe(three)
  })
})

describe('stillHolds', () => {
  const keySet = {}

  it('asks for the same keys, until the token expires', () => {
    expect(stillHolds(known('token', { keySet }), keySet, 99.9)).toBe(true)
    expect(stillHolds(known('token', { keySet }), keySet, 100)).toBe(false)
    expect(stillHolds(known('token', { keySet }), {}, 50)).toBe(false)
    expect(stillHolds(known('token', { keySet }), undefined, 50)).toBe(false)
  })

  it('takes no keys for no other keys', () => {
    expect(stillHolds(known('token', { keySet: undefined }), undefined, 50)).toBe(false)
    expect(stillHolds(known('token', { keySet: undefined }), keySet, 50)).toBe(false)
  })
})
