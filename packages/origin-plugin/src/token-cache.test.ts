import { describe, expect, it } from 'vitest'
import type { AccessIdentity } from './access-identity.ts'
import { createTokenCache } from './token-cache.ts'

const identity = (email: string): AccessIdentity => ({ kind: 'user', email, sub: undefined, claims: {} })
const [keys, otherKeys] = [{}, {}]
const END = 'e'.repeat(40)

describe('createTokenCache', () => {
  it('knows a token again under the same keys, until it expires', () => {
    const cache = createTokenCache(10)
    const alice = identity('alice')
    cache.set(`token.${END}`, keys, 100, alice)
    expect(cache.get(`token.${END}`, keys, 99.9)).toBe(alice)
    expect(cache.get(`token.${END}`, keys, 100)).toBeUndefined()
    expect(cache.get(`token.${END}`, otherKeys, 50)).toBeUndefined()
  })

  it('compares the whole token: its last characters can be copied', () => {
    const cache = createTokenCache(10)
    cache.set(`header.payload.signature${END}`, keys, 100, identity('alice'))
    expect(cache.get(`header.PAYLOAD.signature${END}`, keys, 50)).toBeUndefined()
    expect(cache.get(`x${`header.payload.signature${END}`}`, keys, 50)).toBeUndefined()
    expect(cache.get(END, keys, 50)).toBeUndefined()
    expect(cache.get('', keys, 50)).toBeUndefined()
  })

  it('holds the latest of two tokens that end alike', () => {
    const cache = createTokenCache(10)
    cache.set(`one${END}`, keys, 100, identity('one'))
    cache.set(`two${END}`, keys, 100, identity('two'))
    expect(cache.get(`one${END}`, keys, 50)).toBeUndefined()
    expect(cache.get(`two${END}`, keys, 50)).toMatchObject({ email: 'two' })
  })

  it('forgets the oldest when it is full', () => {
    const cache = createTokenCache(2)
    for (const name of ['one', 'two', 'three']) cache.set(name.padStart(40, '-'), keys, 100, identity(name))
    expect(cache.get('one'.padStart(40, '-'), keys, 50)).toBeUndefined()
    expect(cache.get('two'.padStart(40, '-'), keys, 50)).toMatchObject({ email: 'two' })
    expect(cache.get('three'.padStart(40, '-'), keys, 50)).toMatchObject({ email: 'three' })
  })
})
