import { describe, expect, it } from 'vitest'
import { cacheKey, type StoredAnswer, ZoneCache } from './zone-cache.ts'

const answer = (text: string, headers: string[] = []): StoredAnswer => ({
  status: 200,
  reason: 'OK',
  headers,
  body: Buffer.from(text),
})

describe('ZoneCache', () => {
  it('finds an answer until its lifetime ends, and then forgets it', () => {
    let now = 0
    const cache = new ZoneCache(() => now)
    const stored = answer('a')
    cache.store('key', stored, 60)
    expect(cache.find('key', [])).toEqual({ answer: stored, age: 0 })
    now = 59_999
    expect(cache.find('key', [])).toEqual({ answer: stored, age: 59 })
    now = 60_000
    expect(cache.find('key', [])).toBe('expired')
    expect(cache.find('key', [])).toBeUndefined()
    expect(cache.find('other', [])).toBeUndefined()
  })

  it('replaces and purges answers', () => {
    const cache = new ZoneCache()
    cache.store('key', answer('a'), 60)
    cache.store('key', answer('b'), 60)
    expect(cache.find('key', [])).toMatchObject({ answer: { body: Buffer.from('b') } })
    cache.purge()
    expect(cache.find('key', [])).toBeUndefined()
  })

  it('drops the oldest answers when it is full', () => {
    const cache = new ZoneCache()
    const body = Buffer.alloc(cache.maxBody)
    const store = (key: string) => cache.store(key, { ...answer(''), body }, 60)
    const keys = ['1', '2', '3', '4', '5', '6', '7', '8']
    for (const key of keys) store(key)
    expect(keys.filter((key) => cache.find(key, []))).toEqual(['2', '3', '4', '5', '6', '7', '8'])
    // Replaced, it is the newest, and takes its room only once.
    store('2')
    expect(keys.filter((key) => cache.find(key, []))).toEqual(['2', '3', '4', '5', '6', '7', '8'])
    store('9')
    expect(keys.filter((key) => cache.find(key, []))).toEqual(['2', '4', '5', '6', '7', '8'])
    cache.purge()
    for (const key of keys) store(key)
    expect(keys.filter((key) => cache.find(key, []))).toHaveLength(7)
  })

  it('finds a compressed answer only for a client that accepts it', () => {
    const cache = new ZoneCache()
    cache.store('key', answer('a', ['Content-Encoding', 'br']), 60)
    expect(cache.find('key', ['Accept-Encoding', 'gzip, br'])).toMatchObject({ age: 0 })
    expect(cache.find('key', ['Accept-Encoding', 'gzip'])).toBeUndefined()
    expect(cache.find('key', [])).toBeUndefined()
  })
})

describe('cacheKey', () => {
  it('has the whole URL and the Origin, and nothing of the client', () => {
    const key = cacheKey('/a.csv?x', ['Host', 'APP.example', 'Cookie', 'a=b', 'X-CERT-SERIAL', '01'])
    expect(key).toBe('https://app.example/a.csv?x ')
    expect(cacheKey('/a.csv?x', ['Host', 'app.example', 'Authorization', 'x'])).toBe(key)
    expect(cacheKey('/a.csv?y', ['Host', 'app.example'])).not.toBe(key)
    expect(cacheKey('/a.csv?x', ['Host', 'b.example'])).not.toBe(key)
    expect(cacheKey('/a.csv?x', ['Host', 'app.example', 'Origin', 'https://b'])).toBe(`${key}https://b`)
  })
})
