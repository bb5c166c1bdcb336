import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { randomNumbers } from '@countersign/test-support/random-numbers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
describe('the request target', () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({ worker: { bindings: { COUNTERSIGN_KEY: JSON.stringify(hmacJwk) } } })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  // verifyByHand reads @path, @query and @authority from the origin's own request line and Host.
  it.each([
    ['', '/'],
    ['/', '/'],
    ['?a', '/?a'],
    ['/a%2Fb', '/a%2Fb'],
    ['/a%2fb%5Cc', '/a%2fb%5Cc'],
    ['/a/../b', '/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/../../b', '/b'],
    ['/a/./b/.', '/a/b/'],
    ['/a;/..;/b', '/a;/..;/b'],
    ['/a/..%2fb', '/a/..%2fb'],
    ['//', '//'],
    ['//evil.example/x', '//evil.example/x'],
    ['/a//b', '/a//b'],
    ['/a\\b', '/a/b'],
    ['/a\\..\\b', '/b'],
    ['/a?x=\\', '/a?x=\\'],
    ['/a?', '/a?'],
    ['/a??', '/a??'],
    ['/a?b?c', '/a?b?c'],
    ['/a?b=/../c', '/a?b=/../c'],
    ['/a#f', '/a'],
    ['/a?b#f?c', '/a?b'],
    ['/a?#', '/a?'],
    ['/zo\xc3\xab?q=\xc3\xab', '/zo%C3%AB?q=%C3%AB'],
    ['/\xff', '/%EF%BF%BD'],
    [`/"a"'b'?"c"'d'`, `/%22a%22'b'?%22c%22%27d%27`],
    ['/%zz%?%zz%', '/%zz%?%zz%'],
    ['/%00%0d%0a?%00', '/%00%0d%0a?%00'],
    ['/<a>{b}|^`[c]', '/%3Ca%3E%7Bb%7D|%5E%60[c]'],
    ['/a?<b>{c}|^`[d]', '/a?%3Cb%3E{c}|^`[d]'],
    ['/a:80@b', '/a:80@b'],
    ['/a+b%20c?d+e%20f&g=h;i', '/a+b%20c?d+e%20f&g=h;i'],
    [`/${'a'.repeat(4_000)}?${'b'.repeat(4_000)}`, `/${'a'.repeat(4_000)}?${'b'.repeat(4_000)}`],
  ])('%j reaches the origin as it was signed', async (target, sent) => {
    const request = await edge.forward({ target })
    expect(request.url).toBe(sent)
    expect(verifyByHand(request, hmacJwk)).toMatchObject({ valid: true })
  })

  it.each([
    ['app.example.com', 'app.example.com'],
    ['APP.Example.COM', 'app.example.com'],
    ['app.example.com:443', 'app.example.com'],
    ['app.example.com:8443', 'app.example.com:8443'],
    ['app.example.com:80', 'app.example.com:80'],
    ['app.example.com:', 'app.example.com'],
    ['app.example.com.', 'app.example.com.'],
    ['user:password@app.example.com', 'app.example.com'],
    ['app%2eexample.com', 'app.example.com'],
    ['zo\xc3\xab.example', 'xn--zo-ija.example'],
    ['0x7f.1', '127.0.0.1'],
    ['[::1]:444', '[::1]:444'],
    ['[0:0::1]', '[::1]'],
  ])('the authority %j reaches the origin as it was signed', async (authority, host) => {
    const request = await edge.forward({ authority, target: '/p?q' })
    expect(request.url).toBe('/p?q')
    expect(request.header('host')).toBe(host)
    expect(request.header('authorization')).toBeUndefined()
    expect(verifyByHand(request, hmacJwk)).toMatchObject({ valid: true })
  })

  it('reaches the origin as it was signed, for 300 random targets of hostile characters', async () => {
    const random = randomNumbers(0xc0de)
    const pick = (parts: readonly string[]) => parts[Math.floor(random() * parts.length)] ?? ''
    const targets = Array.from({ length: 300 }, () => {
      const length = 1 + Math.floor(random() * 24)
      return `/${Array.from({ length }, () => pick(HOSTILE)).join('')}`
    })
    const requests = await Promise.all(targets.map((target) => edge.forward({ target })))
    const wrong = requests.flatMap((request, at) => (verifyByHand(request, hmacJwk).valid ? [] : [targets[at]]))
    expect(wrong).toEqual([])
    // The table proves something only if its URLs still differ on arrival.
    expect(new Set(requests.map(({ url }) => url)).size).toBeGreaterThan(200)
  }, 20_000)
})

const HOSTILE = [
  ...['/', '/', '//', '.', '..', '/../', '/./', '\\', '?', '??', '#', '&', '=', ';', ':', '@', '+', ',', '!', '$', '*'],
  ...['%', '%2', '%2e', '%2E', '%2f', '%5c', '%25', '%zz', '%00', '%0d%0a', '%c3%ab', '%ff', '%3f', '%23', '%20'],
  ...['"', "'", '`', '<', '>', '{', '}', '|', '^', '[', ']', '(', ')', '~', '_', '-', 'a', 'B', '0'],
  ...['\xc3\xab', '\xf0\x9f\xa6\x8a', '\xff', '\xe2\x80\xae', '\x01', '\x7f', '\xc0\xaf'],
]
