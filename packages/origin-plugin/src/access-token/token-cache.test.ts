import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AccessIdentity } from './access-identity.ts'
import { createKeySet } from './key-set.ts'
import { createTokenCache, type KnownToken, type TokenCache } from './token-cache.ts'

const identity = (email: string): AccessIdentity => ({ kind: 'user', email, sub: undefined, claims: {} })
const known = (token: string, changes: Partial<KnownToken> = {}): KnownToken => ({
  token,
  keySet: createKeySet(),
  expires: 100,
  identity: identity(token),
  ...changes,
})
const END = 'e'.repeat(40)

/** Stores a token often enough to be cached. */
function remember(cache: TokenCache, token: KnownToken): void {
  cache.set(token)
  cache.set(token)
}

describe('createTokenCache', () => {
  it('caches a token from its second verification on', () => {
    const cache = createTokenCache(10)
    const alice = known(`token.${END}`)
    expect(cache.get(`token.${END}`)).toBeUndefined()
    cache.set(alice)
    expect(cache.get(`token.${END}`)).toBeUndefined()
    cache.set(alice)
    expect(cache.get(`token.${END}`)).toBe(alice)
  })

  it('keeps the tokens that were used twice, with any number of tokens used once', () => {
    const cache = createTokenCache(10)
    const signature = () => randomBytes(256).toString('base64url')
    const regulars = Array.from({ length: 10 }, () => known(`header.payload.${signature()}`))
    for (const each of regulars) remember(cache, each)
    // By chance, one in a billion has the mark of the previous one.
    for (let n = 0; n < 1_000; n += 1) cache.set(known(`header.payload.${signature()}`))
    for (const each of regulars) expect(cache.get(each.token)).toBe(each)
  })

  it('compares the whole token: its last characters can be copied', () => {
    const cache = createTokenCache(10)
    remember(cache, known(`header.payload.signature${END}`))
    expect(cache.get(`header.PAYLOAD.signature${END}`)).toBeUndefined()
    expect(cache.get(`x${`header.payload.signature${END}`}`)).toBeUndefined()
    expect(cache.get(END)).toBeUndefined()
    expect(cache.get('')).toBeUndefined()
  })

  it('keeps the latest of two tokens with the same end', () => {
    const cache = createTokenCache(10)
    remember(cache, known(`one${END}`))
    remember(cache, known(`two${END}`))
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
    for (const each of [one, two, three]) remember(cache, each)
    expect(cache.get(one.token)).toBeUndefined()
    expect(cache.get(two.token)).toBe(two)
    expect(cache.get(three.token)).toBe(three)
  })

  it('keeps a token that was stored again longer than one that was not', () => {
    const cache = createTokenCache(2)
    const [one, two, three] = ['one', 'two', 'three'].map((name) => known(name.padStart(40, '-'))) as [
      KnownToken,
      KnownToken,
      KnownToken,
    ]
    for (const each of [one, two, one, three]) remember(cache, each)
    expect(cache.get(one.token)).toBe(one)
    expect(cache.get(two.token)).toBeUndefined()
    expect(cache.get(three.token)).toBe(three)
  })

  it('marks a token by the letters before the last, so a token with the same ones is cached at once', () => {
    const cache = createTokenCache(10)
    const [seen, alike, other] = ['abcdeA', 'abcdeB', 'abcdfA'].map((end) => known(`${END}${end}`)) as [
      KnownToken,
      KnownToken,
      KnownToken,
    ]
    for (const each of [seen, alike, other]) cache.set(each)
    expect(cache.get(seen.token)).toBeUndefined()
    expect(cache.get(alike.token)).toBe(alike)
    expect(cache.get(other.token)).toBeUndefined()
  })
})
