import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { resolveKeys } from './edge-key-source.ts'

const [one, two, other] = [hmacKey('one').jwk, hmacKey('two').jwk, ed25519Key('other').jwk]
let answer: unknown
let reports: string[] = []
const start = async (options: Record<string, unknown> = { keys: () => answer, refresh: 1 }) => {
  const { keys, reload } = resolveKeys(
    options,
    (reason, state = 'degraded') => void reports.push(`${state}: ${reason}`),
  )
  task = reload
  await reload?.start()
  return keys
}
let task: ReturnType<typeof resolveKeys>['reload']
const next = () => vi.advanceTimersByTimeAsync(1000)

beforeEach(() => {
  vi.useFakeTimers()
  reports = []
  answer = one
})
afterEach(() => {
  task?.stop()
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

describe('resolveKeys', () => {
  it('imports keys that do not change at once, without a task', () => {
    const { keys, reload } = resolveKeys({ keys: one }, () => {})
    expect([[...keys.current.keys()], reload]).toEqual([['one'], undefined])
  })

  it.each(['/run/keys.json', './keys', '../keys', '~/keys', 'file:///keys', 'keys.json', 'C:\\keys.JSON'])(
    'refuses the path %s, and names the spelling',
    (path) => {
      expect(() => resolveKeys({ keys: path }, () => {})).toThrow(
        new TypeError('edge.keys is a path; write keys: { file: "/path/keys.json" }'),
      )
    },
  )

  it.each([{ path: '/run/keys.json' }, { url: 'file:///keys' }, {}])('refuses %j, and names the spelling', (source) => {
    expect(() => resolveKeys({ keys: source }, () => {})).toThrow(
      new TypeError('edge.keys contains neither a key nor a file; write keys: { file: "/path/keys.json" }'),
    )
  })

  it('takes JSON text that contains the characters of a path', () => {
    const text = JSON.stringify(hmacKey('keys.json~1').jwk)
    expect([...resolveKeys({ keys: text }, () => {}).keys.current.keys()]).toEqual(['keys.json~1'])
  })

  it('refuses a refresh that has no effect, and one that is not a time', () => {
    expect(() => resolveKeys({ keys: one, refresh: 60 }, () => {})).toThrow(
      new TypeError(
        'edge.refresh has no effect, because edge.keys does not change; write keys: { file: "/path/keys.json" } or a function, or remove refresh',
      ),
    )
    expect(() => resolveKeys({ keys: () => one, refresh: 0 }, () => {})).toThrow(
      'edge.refresh must be a number of seconds from 1 to 604800',
    )
  })

  it('takes every form of keys from a function, and replaces all keys at once', async () => {
    const keys = await start()
    for (const form of [two, [two], { keys: [two] }, JSON.stringify(two), Promise.resolve([two])]) {
      answer = form
      await next()
      expect([...keys.current.keys()]).toEqual(['two'])
      answer = [one, other]
      await next()
      expect([...keys.current.keys()]).toEqual(['one', 'other'])
    }
    expect(reports).toEqual([])
  })

  it('keeps the last use of a key that stays, and not of another key with its name', async () => {
    const keys = await start()
    const [used] = keys.current.values()
    Object.assign(used as object, { lastUse: { at: 1, isNewer: false } })
    answer = [two, { ...one }]
    await next()
    expect(keys.current.get('one')?.lastUse).toEqual({ at: 1, isNewer: false })
    expect(keys.current.get('two')?.lastUse).toBeUndefined()
    answer = hmacKey('one').jwk
    await next()
    expect(keys.current.get('one')?.lastUse).toBeUndefined()
    answer = ed25519Key('one').jwk
    await next()
    expect(keys.current.get('one')?.alg).toBe('ed25519')
  })

  it('copies the answer, which the function can change later', async () => {
    const list = [one]
    answer = list
    const keys = await start()
    list.length = 0
    expect([...keys.current.keys()]).toEqual(['one'])
  })

  it('takes 100 keys', async () => {
    answer = many.slice(0, 100)
    expect((await start()).current.size).toBe(100)
  })

  const many = Array.from({ length: 101 }, (_, at) => hmacKey(`key-${at}`).jwk)
  it.each([
    ['nothing', undefined, 'the answer must be a JWK, a list of JWKs, a JWK Set, or the JSON text of one of these'],
    ['null', null, /^the answer must be a JWK/],
    ['an object without JSON', { toJSON: (): unknown => undefined }, /^the answer must be a JWK/],
    ['bytes', Buffer.from(JSON.stringify(one)), /^the answer must be a JWK/],
    ['a function', () => one, /^the answer must be a JWK/],
    ['an empty list', [], 'edge.keys is empty; write at least one JWK'],
    [
      'half a file',
      JSON.stringify(one).slice(0, 40),
      /^the answer is text that is not JSON; return the keys alone, one JWK, a list or a JWK Set as JSON, without quotes around it; the last good/,
    ],
    ['empty text', '', /^the answer is empty text; return the keys alone, one JWK/],
    [
      'a weak key',
      { ...one, k: Buffer.alloc(32).toString('base64url') },
      /^edge.keys: the JWK "one": "k" is not random/,
    ],
    ['one name twice', [one, { ...two, kid: 'one' }], /^edge.keys: the "kid" "one" is not unique/],
    ['a private key', ed25519Key('p').privateJwk, /^edge.keys: the JWK "p" must not contain the private "d"/],
    ['another file', { file: '/etc/passwd' }, /^edge.keys: the JWK: "kid" is missing or malformed/],
    ['too many keys', many, 'edge.keys has 101 keys; write at most 100, those that the Worker uses'],
    [
      'too long a list',
      [...many, ...many, ...many, ...many, ...many].map((key) => ({ ...key, x: 'x'.repeat(999) })),
      'the answer is longer than 262144 characters',
    ],
  ])('reports %s, and keeps the keys', async (_, bad, reason) => {
    const keys = await start()
    const before = keys.current
    answer = bad
    await next()
    expect(keys.current).toBe(before)
    expect(task?.health()).toMatchObject({ state: 'degraded', name: 'edge.keys from the function' })
    const [report = ''] = reports
    expect(report.slice('degraded: edge.keys from the function: '.length)).toMatch(reason)
    expect(report).not.toContain(one.k)
    answer = one
    await next()
    expect(reports[1]).toBe('recovered: edge.keys from the function: it is loaded again')
  })

  it('refuses a key of a local edge in production, at the reload too', async () => {
    const keys = await start()
    vi.stubEnv('NODE_ENV', 'production')
    answer = hmacKey('dev-1').jwk
    await next()
    expect([...keys.current.keys()]).toEqual(['one'])
    expect(reports[0]).toMatch(/the key "dev-1" is of a local edge, and NODE_ENV is "production"/)
  })

  it('does not start with a bad first answer, and has no key before', async () => {
    answer = []
    await expect(start()).rejects.toThrow(
      'edge.keys from the function cannot be loaded: edge.keys is empty; write at least one JWK',
    )
    const { keys } = resolveKeys({ keys: { file: '/none/keys.json' } }, () => {})
    expect(keys.current.size).toBe(0)
  })

  it('names the file in the error of the start, and its contents', async () => {
    vi.useRealTimers()
    const file = join(mkdtempSync(join(tmpdir(), 'countersign-keys-')), 'keys.json')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    writeFileSync(file, `COUNTERSIGN_KEYS='${JSON.stringify(one)}'`)
    await expect(start({ keys: { file } })).rejects.toThrow(
      new Error(
        `edge.keys from ${file} cannot be loaded: the file is text that is not JSON; write into it the keys alone, one JWK, a list or a JWK Set as JSON, without quotes around it`,
      ),
    )
    await expect(start({ keys: { file: '/none/keys.json' } })).rejects.toThrow(
      'edge.keys from /none/keys.json cannot be loaded: the file cannot be opened: ENOENT',
    )
  })
})
