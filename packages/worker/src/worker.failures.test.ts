import type { RequestListener } from 'node:http'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientMessage, type Edge, startEdge } from '../test/support/edge.ts'

const SECRET = 's3cret'

/** Each Worker has a path. `configure` and the fetcher of each fail in their own way. */
const SOURCE = `
import { createWorker, CountersignWorkerError } from '@countersign/worker'
const fail = () => { throw new Error('${SECRET}') }
const bare = Object.create(null)
const proxy = () => new Proxy(new Error('${SECRET}'), { get: fail, getPrototypeOf: fail })
const stackless = () => Object.defineProperty(new Error('${SECRET}'), 'stack', { get: fail })
const used = async () => { const response = new Response('a'); await response.text(); return response }
const locked = () => { const response = new Response('a'); response.body.getReader(); return response }
const throws = (value) => () => { throw value }

const FETCHERS = {
  'throws-bare': throws(bare),
  'throws-undefined': throws(undefined),
  'throws-symbol': throws(Symbol('lost')),
  'throws-proxy': throws(proxy()),
  'rejects-bare': async () => { throw bare },
  'rejects-stackless': async () => { throw stackless() },
  'rejects-message': async () => { throw Object.defineProperty(new Error('a'), 'message', { get: fail }) },
  'undefined': () => {},
  'null': async () => null,
  'text': async () => 'ok',
  'bare': () => bare,
  'imitation': async () => Object.create(Response.prototype),
  'proxied': async () => new Proxy(new Response('a'), {}),
  'request': async (url) => new Request(url),
  'thenable': () => ({ then: fail }),
  'used': used,
  'locked': async () => locked(),
  'websocket': () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }),
  'error': () => Response.error(),
  'scheme': (url, init) => fetch(url.replace(/^https:/, 'vpc:'), init),
  'header': (url, init) => { init.headers.set('authorization', 'Bearer sk_test_0123456789abcdef\\nb'); return fetch(url, init) },
  'getter': { get fetch() { return fail() } },
}
const CONFIGURES = {
  'throws-bare': throws(bare),
  'throws-undefined': throws(undefined),
  'throws-text': throws('${SECRET}'),
  'throws-symbol': throws(Symbol('${SECRET}')),
  'throws-proxy': throws(proxy()),
  'throws-stackless': throws(stackless()),
  'throws-nameless': throws(Object.assign(new Error('${SECRET}'), { name: Symbol('a') })),
  'throws-stack': throws(Object.assign(new Error('${SECRET}'), { stack: 7 })),
  'undefined': () => {},
  'null': () => null,
  'text': () => '${SECRET}',
  'promise': async () => ({ key: '${SECRET}' }),
  'key-getter': () => ({ get key() { return fail() } }),
  'require-getter': (key) => ({ key, get require() { return fail() } }),
  'fetcher-getter': (key) => ({ key, get fetcher() { return fail() } }),
  'verified-getter': (key) => ({ key, require: { get verified() { return fail() } } }),
  'changing': (key) => { let reads = 0; return { key, get fetcher() { reads += 1; if (reads > 2) fail(); return { fetch: () => Response.json({}) } } } },
  'access-getter': (key) => ({ key, require: { access: 'a' } }),
}
export default {
  fetch(request, env, context) {
    const [, kind, name] = new URL(request.url).pathname.split('/')
    const key = env.COUNTERSIGN_KEY
    const fetcher = typeof FETCHERS[name] === 'function' ? { fetch: FETCHERS[name] } : FETCHERS[name]
    const configure = kind === 'fetcher' ? () => ({ key, fetcher }) : () => CONFIGURES[name](key)
    const ctx = name === 'access-getter' ? { get access() { return fail() } } : context
    return createWorker(configure).fetch(request, env, ctx)
  },
}`

describe('a Worker whose own parts fail', () => {
  let edge: Edge
  beforeAll(async () => {
    const COUNTERSIGN_KEY = JSON.stringify(hmacKey().jwk)
    edge = await startEdge({
      failing: { bindings: { COUNTERSIGN_KEY }, source: SOURCE },
      global: { bindings: { COUNTERSIGN_KEY } },
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  /** Expects an answer with a code, and one line of the same code. Returns its reason. */
  async function reasonOf(target: string, status: number, code: string, request?: ClientMessage): Promise<string> {
    const exchange = await edge.send({ ...request, target: `${target}?token=${SECRET}` })
    const { response, received } = exchange
    expect([response.status, response.body]).toEqual([status, expect.stringContaining(`"code":"${code}"`)])
    expect(received).toBeUndefined()
    const lines = await exchange.lines()
    expect(lines).toHaveLength(1)
    expect(lines.join() + response.body).not.toContain(SECRET)
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'error', code, method: 'GET', path: target })
    return JSON.parse(lines[0] as string).reason
  }

  const UNREADABLE = 'a thrown value without a text'
  const NO_RESPONSE =
    'TypeError: fetch() must return a Response with an unread body, without a WebSocket unless the client upgrades, and returned'
  it.each([
    ['throws-bare', UNREADABLE],
    ['throws-undefined', 'undefined'],
    ['throws-symbol', 'Symbol(lost)'],
    ['throws-proxy', UNREADABLE],
    ['rejects-bare', UNREADABLE],
    ['rejects-message', UNREADABLE],
    ['undefined', `${NO_RESPONSE} undefined`],
    ['null', `${NO_RESPONSE} object`],
    ['text', `${NO_RESPONSE} string`],
    ['bare', `${NO_RESPONSE} object`],
    ['imitation', `${NO_RESPONSE} object`],
    ['proxied', `${NO_RESPONSE} object`],
    ['request', `${NO_RESPONSE} object`],
    ['used', `${NO_RESPONSE} object`],
    ['locked', `${NO_RESPONSE} object`],
    ['websocket', `${NO_RESPONSE} object`],
    ['error', `${NO_RESPONSE} object`],
    ['scheme', 'TypeError: Fetch API cannot load: vpc://app.example.com/fetcher/scheme?…'],
    ['header', 'TypeError: Invalid header value.'],
  ])('answers 502 and logs the failure of a fetcher: %s', async (name, failure) => {
    expect(await reasonOf(`/fetcher/${name}`, 502, 'CSN_WORKER_FETCHER_FAILED')).toBe(`fetch() failed: ${failure}`)
  })

  it.each([
    ['before its head', (_request, response) => void response.destroy()],
    ['within its head', ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['with something else', ({ socket }) => void socket.end('SSH-2.0\r\n\r\n')],
  ] satisfies [string, RequestListener][])(
    'answers 502 and logs it if the global fetch() gets an answer that ends %s',
    async (_what, answer) => {
      edge.origin.route(`/global?token=${SECRET}`, answer)
      expect(await reasonOf('/global', 502, 'CSN_WORKER_FETCHER_FAILED', { worker: 'global' })).toMatch(
        /^fetch\(\) failed: \w*Error: /,
      )
    },
  )

  const NO_OBJECT = 'the options must be an object; return it from configure, and not in a promise'
  const PLACE = /^Error at fail \(worker\.js:\d+:\d+\)$/
  it.each([
    ['throws-bare', 'CSN_WORKER_FAILED', 'a thrown object'],
    ['throws-undefined', 'CSN_WORKER_FAILED', 'a thrown undefined'],
    ['throws-text', 'CSN_WORKER_FAILED', 'a thrown string'],
    ['throws-symbol', 'CSN_WORKER_FAILED', 'a thrown symbol'],
    ['throws-proxy', 'CSN_WORKER_FAILED', UNREADABLE],
    ['throws-stackless', 'CSN_WORKER_FAILED', UNREADABLE],
    ['throws-nameless', 'CSN_WORKER_FAILED', /^Symbol\(a\) at /],
    ['throws-stack', 'CSN_WORKER_FAILED', 'Error'],
    ['key-getter', 'CSN_WORKER_FAILED', PLACE],
    ['require-getter', 'CSN_WORKER_FAILED', PLACE],
    ['fetcher-getter', 'CSN_WORKER_FAILED', PLACE],
    ['verified-getter', 'CSN_WORKER_FAILED', PLACE],
    ['access-getter', 'CSN_WORKER_FAILED', PLACE],
    ['undefined', 'CSN_WORKER_OPTION_INVALID', NO_OBJECT],
    ['null', 'CSN_WORKER_OPTION_INVALID', NO_OBJECT],
    ['text', 'CSN_WORKER_OPTION_INVALID', NO_OBJECT],
    ['promise', 'CSN_WORKER_OPTION_INVALID', NO_OBJECT],
  ])('answers 500 and logs the failure of configure: %s', async (name, code, reason) => {
    expect(await reasonOf(`/configure/${name}`, 500, code)).toMatch(reason)
  })

  it('answers 500 to a fetcher whose method cannot be read', async () => {
    expect(await reasonOf('/fetcher/getter', 500, 'CSN_WORKER_FAILED')).toMatch(PLACE)
  })

  it('reads an option once after its check', async () => {
    expect((await edge.send({ target: '/configure/changing' })).response.body).toBe('{}')
  })
})
