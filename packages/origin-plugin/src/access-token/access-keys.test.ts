import type { RequestListener } from 'node:http'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { exportJWK, generateKeyPair, type JWK, type JWSHeaderParameters } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Report } from '../lib/background-task.ts'
import { ACCESS_KEYS_TIMING, type AccessKeys, createAccessKeys } from './access-keys.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NO_KEY = 'the answer does not contain an RSA key'
const jwks: Record<string, JWK> = {}

/** A key server that can fail in every way, and counts its requests. */
let server: LocalServer
let answer: RequestListener
let fetches = 0
let url: URL
const warnings: string[] = []
let keys: AccessKeys

const serve =
  (...kids: string[]): RequestListener =>
  (_request, response) =>
    response.end(JSON.stringify({ keys: kids.map((kid) => jwks[kid]) }))
/** Sockets and their time-outs are real: on a busy machine, a good answer takes longer than a short time-out. */
const create = (timeout = 20_000) =>
  createAccessKeys(url, (reason) => warnings.push(reason), { ...ACCESS_KEYS_TIMING, timeout })
const find = async (kid: string | undefined) =>
  keys.keys({ alg: 'RS256', ...(kid && { kid }) } as JWSHeaderParameters & { alg: string }, {} as never)

beforeAll(async () => {
  for (const kid of ['one', 'two', 'three']) {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true })
    jwks[kid] = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }
  }
  server = await startServer((request, response) => {
    fetches += 1
    answer(request, response)
  })
  url = new URL('/cdn-cgi/access/certs', server.url)
})
afterAll(() => server.close())

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  fetches = 0
  warnings.length = 0
  answer = serve('one')
  keys = create()
})
afterEach(() => {
  keys.stop()
  vi.useRealTimers()
})

/** The faults that only a time-out ends. */
const HANGING = ['silence', 'half an answer, and silence']
const faults: Record<string, RequestListener> = {
  'the status 500': (_request, response) => response.writeHead(500).end(),
  'a reset': ({ socket }) => socket.destroy(),
  silence: () => {},
  'half an answer, and silence': (_request, response) => response.writeHead(200).write('{"keys":['),
  rubbish: (_request, response) => response.end('<html>'),
  'no object': (_request, response) => response.end('null'),
  'no set': (_request, response) => response.end('{"keys":{}}'),
  'an empty set': (_request, response) => response.end('{"keys":[]}'),
  'a set of other keys': (_request, response) => response.end('{"keys":[{"kty":"EC"},null,1]}'),
  '10 MB': (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(10_000_000)}"}`),
  'a redirect': (_request, response) => response.writeHead(302, { location: url.href }).end(),
}

describe('createAccessKeys', { timeout: 20_000 }, () => {
  it('fetches at the start, and not again for a known key', async () => {
    await keys.start()
    for (let request = 0; request < 5; request += 1) await expect(find('one')).resolves.toBeDefined()
    expect(fetches).toBe(1)
  })

  it('fetches when it is asked before the start', async () => {
    await expect(find('one')).resolves.toBeDefined()
  })

  it('fetches once for a hundred requests at the same time', async () => {
    await Promise.all(Array.from({ length: 100 }, () => find('one')))
    expect(fetches).toBe(1)
  })

  it.each(Object.keys(faults))('fails to start on %s, and refuses as unavailable', async (fault) => {
    answer = faults[fault] as RequestListener
    if (HANGING.includes(fault)) keys = create(1_500)
    await expect(keys.start()).rejects.toThrow(/could not be fetched/)
    expect(warnings).toHaveLength(1)
    await expect(find('one')).rejects.toMatchObject({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE', statusCode: 503 })
  })

  it.each(Object.keys(faults))('refuses no good request in a day of %s', async (fault) => {
    if (HANGING.includes(fault)) keys = create(1_500)
    await keys.start()
    answer = faults[fault] as RequestListener
    for (let passed = 0; passed < 24 * HOUR; passed += HOUR) {
      vi.advanceTimersByTime(HOUR)
      await expect(find('one')).resolves.toBeDefined()
    }
    // Background refreshes have been failing all day.
    await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(0), { timeout: 10_000 })
  })

  it('keeps keys through a week of failures, and no longer', async () => {
    await keys.start()
    answer = faults['the status 500'] as RequestListener
    vi.setSystemTime(Date.now() + ACCESS_KEYS_TIMING.maxStale - MINUTE)
    await expect(find('one')).resolves.toBeDefined()
    vi.setSystemTime(Date.now() + 2 * MINUTE)
    await expect(find('one')).rejects.toMatchObject({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE' })
  })

  it('recovers from an outage at the start within one cooldown', async () => {
    answer = faults['the status 500'] as RequestListener
    await expect(keys.start()).rejects.toThrow()
    answer = serve('one')
    await expect(find('one')).rejects.toMatchObject({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE' })
    vi.setSystemTime(Date.now() + ACCESS_KEYS_TIMING.cooldown)
    await expect(find('one')).resolves.toBeDefined()
  })

  it('drops a key that a successful fetch no longer lists', async () => {
    await keys.start()
    answer = serve('two')
    vi.advanceTimersByTime(ACCESS_KEYS_TIMING.refreshInterval)
    await vi.waitFor(async () => expect(find('two')).resolves.toBeDefined())
    await expect(find('one')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  it('picks up a rotation at the first token of the new key', async () => {
    await keys.start()
    answer = serve('two', 'one')
    vi.setSystemTime(Date.now() + ACCESS_KEYS_TIMING.cooldown)
    await expect(find('two')).resolves.toBeDefined()
    await expect(find('one')).resolves.toBeDefined()
    expect(fetches).toBe(2)
  })

  it('is not made to fetch by junk more than once in a cooldown', async () => {
    await keys.start()
    for (let second = 0; second < 300; second += 1) {
      vi.setSystemTime(Date.now() + 1000)
      await expect(find(`junk-${second}`)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    }
    expect(fetches).toBeLessThanOrEqual(1 + 300_000 / ACCESS_KEYS_TIMING.cooldown)
  })

  it('picks up a rotation within one cooldown under a flood of junk', async () => {
    await keys.start()
    let waited = 0
    answer = serve('two')
    for (;;) {
      const codeOf = (kid: string) =>
        find(kid).then(
          () => 'found',
          ({ code }) => code,
        )
      const junk = Array.from({ length: 20 }, (_, at) => codeOf(`junk-${waited}-${at}`))
      const [code, ...others] = await Promise.all([codeOf('two'), ...junk])
      expect(new Set(others)).toEqual(new Set(['ERR_JWKS_NO_MATCHING_KEY']))
      if (code === 'found') break
      expect(code).toBe('ERR_JWKS_NO_MATCHING_KEY')
      expect(waited).toBeLessThan(ACCESS_KEYS_TIMING.cooldown)
      waited += 1000
      vi.setSystemTime(Date.now() + 1000)
    }
    expect(fetches).toBe(2)
  })

  it('reports unavailable keys, not an invalid token, for an unknown key during an outage', async () => {
    await keys.start()
    answer = faults['the status 500'] as RequestListener
    vi.setSystemTime(Date.now() + ACCESS_KEYS_TIMING.cooldown)
    await expect(find('two')).rejects.toMatchObject({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE' })
    await expect(find('two')).rejects.toMatchObject({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE' })
    await expect(find('one')).resolves.toBeDefined()
  })

  it('ends its background with stop', async () => {
    await keys.start()
    keys.stop()
    vi.advanceTimersByTime(24 * HOUR)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(fetches).toBe(1)
  })

  it('gives up on a server that hangs with stop, and does not complain: the process could not end before', async () => {
    await keys.start()
    const hung = new Promise<void>((gone) => {
      answer = ({ socket }) => socket.on('close', () => gone())
    })
    keys = create(60_000)
    const start = keys.start().catch(() => {})
    await expect.poll(() => fetches).toBe(2)
    keys.stop()
    await Promise.all([hung, start])
    expect(warnings).toEqual([])
  })

  it('neither starts nor fetches after stop', async () => {
    keys.stop()
    await keys.start()
    await expect(find('one')).rejects.toMatchObject({
      code: 'CSN_ACCESS_KEYS_UNAVAILABLE',
      reason: 'the keys could not be fetched: the server was closed',
    })
    expect(fetches).toBe(0)
    expect(warnings).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reports the end of a failure once, and names the server without a query', async () => {
    const reports: Parameters<Report>[] = []
    keys = createAccessKeys(new URL('?token=secret', url), (...report) => reports.push(report))
    answer = faults['the status 500'] as RequestListener
    await keys.start().catch(() => {})
    answer = serve('one')
    for (let turn = 2; turn < 4; turn += 1) {
      vi.advanceTimersByTime(ACCESS_KEYS_TIMING.refreshInterval)
      await expect.poll(() => fetches).toBe(turn)
      await expect.poll(() => keys.keySet()).toBeDefined()
    }
    expect(reports).toEqual([
      [`the keys of ${url.href}?… could not be fetched: the server answered 500`],
      [`the keys of ${url.href}?… are fetched again`, 'recovered'],
    ])
  })

  it.each<[string, string]>([
    ['the status 500', 'the server answered 500'],
    [
      'a redirect',
      'the server answered 302, a redirect to SERVER/cdn-cgi/access/certs; write the URL that answers itself',
    ],
    ['a reset', 'ECONNRESET'],
    ['rubbish', 'the answer is not JSON'],
    ['10 MB', 'the answer is longer than 262144 bytes'],
    ...['no object', 'no set', 'an empty set', 'a set of other keys'].map((fault): [string, string] => [fault, NO_KEY]),
  ])('reports %s as the same reason to the start, the log and the request', async (fault, text) => {
    const reason = text.replace('SERVER', server.url)
    answer = faults[fault] as RequestListener
    const message = `the keys of ${url.href} could not be fetched: ${reason}`
    await expect(keys.start()).rejects.toThrow(message)
    expect(warnings).toEqual([message])
    await expect(find('one')).rejects.toMatchObject({
      code: 'CSN_ACCESS_KEYS_UNAVAILABLE',
      reason: `the keys could not be fetched: ${reason}`,
    })
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['another kty', { kty: 'EC' }, NO_KEY],
    ['no kty', { kty: undefined }, NO_KEY],
    ['no modulus', { n: undefined }, 'the key "one" has a modulus of 0 bits'],
    ['a number as modulus', { n: 1 }, 'the key "one" has a modulus of 0 bits'],
    ['no exponent', { e: undefined }, 'the key "one" has an exponent of 0 bits'],
    ['a number as exponent', { e: 65537 }, 'the key "one" has an exponent of 0 bits'],
    ['no kid', { kid: undefined }, NO_KEY],
    ['a number as kid', { kid: 1 }, NO_KEY],
  ])('uses no key with %s', async (_, changes, reason) => {
    answer = (_request, response) => response.end(JSON.stringify({ keys: [{ ...jwks['one'], ...changes }] }))
    await expect(keys.start()).rejects.toThrow(`could not be fetched: ${reason}`)
    expect(keys.keySet()).toBeUndefined()
  })

  it('has no key set before the first fetch, and another with each refetch', async () => {
    expect(keys.keySet()).toBeUndefined()
    await keys.start()
    const first = keys.keySet()
    expect(first).toMatchObject({ keyFor: expect.any(Function) })
    expect(keys.keySet()).toBe(first)
    vi.advanceTimersByTime(ACCESS_KEYS_TIMING.refreshInterval)
    await vi.waitFor(() => expect(keys.keySet()).not.toBe(first))
  })

  it('has no key set from the time on at which its keys are too old', async () => {
    await keys.start()
    const tooOldAt = Date.now() + ACCESS_KEYS_TIMING.maxStale
    vi.setSystemTime(tooOldAt - 1)
    expect(keys.keySet()).toBeDefined()
    vi.setSystemTime(tooOldAt)
    expect(keys.keySet()).toBeUndefined()
  })

  it('refuses keys that are too old, before and after a fetch', async () => {
    const timing = { ...ACCESS_KEYS_TIMING, maxStale: 0, cooldown: MINUTE }
    keys = createAccessKeys(url, (reason) => warnings.push(reason), timing)
    for (let time = 1; time <= 2; time += 1) {
      await expect(find('one')).rejects.toMatchObject({
        code: 'CSN_ACCESS_KEYS_UNAVAILABLE',
        reason: 'the keys could not be fetched: the cached keys are too old',
      })
      expect(fetches).toBe(1)
    }
  })

  it('waits in the cooldown for a fetch that is under way', async () => {
    const timing = { ...ACCESS_KEYS_TIMING, refreshInterval: 10_000 }
    keys = createAccessKeys(url, (reason) => warnings.push(reason), timing)
    await keys.start()
    answer = serve('two')
    vi.advanceTimersByTime(10_000)
    await expect(find('two')).resolves.toBeDefined()
    expect(fetches).toBe(2)
  })

  it('takes a key that is listed twice for one', async () => {
    answer = serve('one', 'two', 'one')
    await keys.start()
    await expect(find('one')).resolves.toBeDefined()
    expect(warnings).toEqual([])
  })

  it('ignores a key that anybody can sign for, with a warning, and uses the others', async () => {
    answer = (_request, response) => response.end(JSON.stringify({ keys: [{ ...jwks['two'], e: 'AQ' }, jwks['one']] }))
    await keys.start()
    await expect(find('one')).resolves.toBeDefined()
    await expect(find('two')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect(warnings).toEqual([
      `a key of ${url} is ignored: the key "two" has an exponent of 1 bits that is not an odd number from 65537 to 2^64; anybody might sign for it`,
    ])
  })

  it('keeps its keys if the server lists no other that can be used', async () => {
    await keys.start()
    answer = (_request, response) => response.end(JSON.stringify({ keys: [{ ...jwks['one'], e: 'AQ' }] }))
    vi.advanceTimersByTime(ACCESS_KEYS_TIMING.refreshInterval)
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toMatch(/^the keys of .* could not be fetched: the key "one" has an exponent of 1 bits /)
    await expect(find('one')).resolves.toBeDefined()
  })

  it('does not fetch for a token without a kid, which several keys match', async () => {
    answer = serve('one', 'two')
    await keys.start()
    vi.setSystemTime(Date.now() + ACCESS_KEYS_TIMING.cooldown)
    await expect(find(undefined)).rejects.toMatchObject({ code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS' })
    expect(fetches).toBe(1)
  })
})
