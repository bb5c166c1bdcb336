import { describe, expect, it } from 'vitest'
import { decideStorage, isCacheable } from './cache-policy.ts'
import { readCacheWishes } from './cache-wishes.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const NO_WISHES = readCacheWishes(undefined)

describe('readCacheWishes', () => {
  it.each([
    [undefined, { bypass: false, everything: false, ttl: undefined }],
    ['{"colo":"DEV"}', { bypass: false, everything: false, ttl: undefined }],
    ['{"cacheTtl":-1,"cacheLevel":"bypass","cacheControl":"no-store"}', { bypass: true, everything: false, ttl: -1 }],
    ['{"cacheLevel":"bypass"}', { bypass: true, everything: false, ttl: undefined }],
    ['{"cacheTtl":-1}', { bypass: true, everything: false, ttl: -1 }],
    ['{"cacheTtl":0}', { bypass: false, everything: false, ttl: 0 }],
    ['{"cacheEverything":true,"cacheTtl":5}', { bypass: false, everything: true, ttl: 5 }],
    ['{"cacheEverything":"yes","cacheTtl":"5"}', { bypass: false, everything: false, ttl: undefined }],
  ])('reads %s', (cf, wishes) => {
    expect(readCacheWishes(cf)).toEqual(wishes)
  })
})

describe('isCacheable', () => {
  it.each([
    '/report.csv',
    '/a/b.PDF?x=1',
    '/account/x.css',
    '/a.tar.gz',
    '/x.js?y=.html',
    '/x.7z',
    '/x.woff2',
    '/x.zst',
    '/.js',
    '/robots.txt',
    '/robots.txt?x',
  ])('takes %s', (target) => {
    expect(isCacheable('GET', target, NO_WISHES)).toBe(true)
    expect(isCacheable('HEAD', target, NO_WISHES)).toBe(true)
    expect(isCacheable('POST', target, NO_WISHES)).toBe(false)
    expect(isCacheable('GET', target, { ...NO_WISHES, bypass: true })).toBe(false)
  })

  it.each([
    '/',
    '/me',
    '/a.html',
    '/a.json',
    '/a.txt',
    '/x?file=a.csv',
    '/a.csv/',
    '/a.csv/b',
    '/csv',
    '/a/robots.txt',
  ])('leaves %s, unless the Worker wants everything', (target) => {
    expect(isCacheable('GET', target, NO_WISHES)).toBe(false)
    expect(isCacheable('GET', target, { ...NO_WISHES, everything: true })).toBe(true)
    expect(isCacheable('GET', target, { ...NO_WISHES, everything: true, bypass: true })).toBe(false)
  })
})

describe('decideStorage', () => {
  const decide = (status: number, answerHeaders: string[] = [], requestHeaders: string[] = [], ttl?: number) =>
    decideStorage({ requestHeaders, status, answerHeaders }, { ...NO_WISHES, ttl }, NOW)

  it.each([
    [200, 7200],
    [206, 7200],
    [301, 7200],
    [302, 1200],
    [303, 1200],
    [404, 180],
    [410, 180],
    [204, 0],
    [304, 0],
    [307, 0],
    [401, 0],
    [403, 0],
    [500, 0],
  ])('stores the status %i without a lifetime of its own for %i s', (status, seconds) => {
    expect(decide(status)).toBe(seconds)
  })

  it.each([
    'private',
    'no-store',
    'no-cache',
    'Private, max-age=60',
    'no-cache="set-cookie", max-age=60',
    'max-age=0',
    's-maxage=0, max-age=60',
    'max-age=soon',
    'public, max-age=-1',
    'private, no-store',
  ])('obeys Cache-Control: %s', (value) => {
    expect(decide(200, ['Cache-Control', value])).toBe('bypass')
  })

  it.each([
    ['max-age=60', 60],
    ['public, MAX-AGE="60"', 60],
    ['max-age=60, s-maxage=90', 90],
    ['public', 7200],
    ['must-revalidate', 7200],
    ['', 7200],
  ])('stores for the lifetime of Cache-Control: %s', (value, seconds) => {
    expect(decide(200, ['cache-control', value])).toBe(seconds)
  })

  it('stores any status with a lifetime of its own', () => {
    expect(decide(403, ['Cache-Control', 'max-age=60'])).toBe(60)
  })

  it("prefers Cloudflare's header to that of other networks, and that to Cache-Control", () => {
    const own = ['Cache-Control', 'private']
    const cdn = ['CDN-Cache-Control', 'max-age=5']
    expect(decide(200, [...own, ...cdn])).toBe(5)
    expect(decide(200, [...own, ...cdn, 'Cloudflare-CDN-Cache-Control', 'no-store'])).toBe('bypass')
  })

  it('joins repeated lines', () => {
    expect(decide(200, ['Cache-Control', 'max-age=60', 'Cache-Control', 'private'])).toBe('bypass')
  })

  it.each([
    ['Wed, 25 Nov 2026 12:01:00 GMT', 60],
    ['Wed, 25 Nov 2026 12:00:00 GMT', 'bypass'],
    ['Wed, 25 Nov 2026 11:59:00 GMT', 'bypass'],
    ['0', 'bypass'],
  ])('reads Expires: %s', (value, decision) => {
    expect(decide(200, ['Expires', value])).toBe(decision)
    expect(decide(200, ['Expires', value, 'Cache-Control', 'max-age=7'])).toBe(7)
  })

  it('stores no answer with a cookie', () => {
    expect(decide(200, ['Set-Cookie', 'a=b', 'Cache-Control', 'public, max-age=60'])).toBe('bypass')
  })

  it.each([
    ['max-age=60', 'bypass'],
    ['public, max-age=60', 60],
    ['must-revalidate, max-age=60', 60],
    ['s-maxage=60', 60],
    ['', 'bypass'],
  ])('stores an answer to Authorization only if the origin allows it: %s', (value, decision) => {
    expect(decide(200, ['Cache-Control', value], ['Authorization', 'Bearer x'])).toBe(decision)
  })

  it("stores for the Worker's own time, whatever the answer states", () => {
    expect(decide(200, ['Cache-Control', 'private', 'Set-Cookie', 'a=b'], [], 5)).toBe(5)
    expect(decide(200, ['Cache-Control', 'max-age=60'], [], 0)).toBe(0)
  })
})
