import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { startServer } from '@countersign/test-support/local-server'
import { type RecordingOrigin, startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../net/listen.ts'
import { FETCH_CF_HEADER } from './origin-request.ts'
import { ZoneCache } from './zone-cache.ts'
import { ZoneServer } from './zone-server.ts'

let now = 1_000_000
let origin: RecordingOrigin
const ports: Record<'cached' | 'plain', number> = { cached: 0, plain: 0 }
const cache = new ZoneCache(() => now)

beforeAll(async () => {
  origin = await startRecordingOrigin()
  const url = new URL(origin.url)
  const zones = {
    cached: new ZoneServer({ origin: url, cache }),
    plain: new ZoneServer({ origin: url, cache: undefined }),
  }
  for (const name of ['cached', 'plain'] as const) ports[name] = await listen(zones[name].server, 0)
  return async () => {
    await Promise.all([zones.cached.close(), zones.plain.close()])
  }
})
afterAll(() => origin.close())

interface Sent {
  readonly zone?: 'cached' | 'plain'
  readonly method?: string
  readonly headers?: readonly string[]
  readonly cf?: object
  readonly body?: string
}

/** A request as workerd sends it. */
async function send(path: string, { zone = 'cached', method = 'GET', headers = [], cf, body }: Sent = {}) {
  const raw = ['Host', 'app.example', 'X-Test', 'a', 'X-Test', 'b', ...headers]
  if (cf) raw.push(FETCH_CF_HEADER, JSON.stringify(cf))
  if (body !== undefined) raw.push('Content-Length', String(body.length))
  const outgoing = httpRequest({ host: '127.0.0.1', port: ports[zone], path, method, headers: raw, agent: false })
  const [response] = (await once(outgoing.end(body), 'response')) as [IncomingMessage]
  const answer = await text(response)
  return { status: response.statusCode, headers: response.headers, cache: response.headers['cf-cache-status'], answer }
}

/** Answers a path with these headers and a count of the requests. */
function route(path: string, headers: Record<string, string | string[]> = {}, status = 200): { count: number } {
  const seen = { count: 0 }
  origin.route(path, (request, response) => {
    seen.count += 1
    response.writeHead(status, headers).end(`${request.method} ${seen.count}`)
  })
  return seen
}

describe('the zone', () => {
  it("relays a request and its answer unchanged, without workerd's header", async () => {
    const headers = ['X-Rest', 'c', 'If-None-Match', '"a"']
    const { answer, cache: status } = await send('/me', { method: 'POST', headers, cf: { colo: 'DEV' }, body: 'hello' })
    const { rawHeaders, ...echoed } = JSON.parse(answer)
    expect(echoed).toMatchObject({ method: 'POST', url: '/me', body: 'hello' })
    expect(rawHeaders).toEqual([
      ...['Host', 'app.example', 'X-Test', 'a', 'X-Test', 'b', ...headers, 'Content-Length', '5'],
      ...['Connection', 'keep-alive'],
    ])
    expect(status).toBe('DYNAMIC')
  })

  it.each(['the sender', 'the zone'])(
    'leaves the origin when %s breaks off a body after an early answer',
    async (who) => {
      const left = Promise.withResolvers<void>()
      const early = await startServer((request, response) => {
        request.socket.on('close', left.resolve).on('error', () => {})
        response.end('early')
      })
      const zone = new ZoneServer({ origin: new URL(early.url), cache: undefined })
      const port = await listen(zone.server, 0)
      const sent = httpRequest({ host: '127.0.0.1', port, path: '/', method: 'POST', agent: false })
      sent.on('error', () => {}).write('first')
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      expect(await text(response)).toBe('early')
      if (who === 'the sender') sent.destroy()
      else await zone.close()
      await left.promise
      await Promise.all([zone.close(), early.close()])
    },
  )

  it('stores nothing without a cache, and leaves the headers of the origin alone', async () => {
    const seen = route('/plain.csv', { 'CF-Cache-Status': 'of the origin', Age: '7' })
    for (const count of [1, 2]) {
      const { headers, answer } = await send('/plain.csv', { zone: 'plain' })
      expect(answer).toBe(`GET ${count}`)
      expect(headers).toMatchObject({ 'cf-cache-status': 'of the origin', age: '7' })
    }
    expect((await send('/plain.csv', { zone: 'plain', method: 'HEAD' })).answer).toBe('')
    expect(seen.count).toBe(3)
  })

  it('gives the first answer to every client, with its age, until it expires', async () => {
    const seen = route('/report.csv', { 'X-Own': 'yes', 'CF-Cache-Status': 'forged', Age: '7' })
    expect(await send('/report.csv')).toMatchObject({ status: 200, answer: 'GET 1', cache: 'MISS' })
    now += 61_500
    const hit = await send('/report.csv', { headers: ['X-CERT-SERIAL', '02', 'Cookie', 'b=c'] })
    expect(hit).toMatchObject({ status: 200, answer: 'GET 1', cache: 'HIT', headers: { age: '61', 'x-own': 'yes' } })
    expect(await send('/report.csv', { method: 'HEAD' })).toMatchObject({ status: 200, answer: '', cache: 'HIT' })
    now += 7_200_000
    expect(await send('/report.csv')).toMatchObject({ answer: 'GET 2', cache: 'EXPIRED' })
    expect(await send('/report.csv')).toMatchObject({ answer: 'GET 2', cache: 'HIT' })
    cache.purge()
    expect(await send('/report.csv')).toMatchObject({ answer: 'GET 3', cache: 'MISS' })
    expect(seen.count).toBe(3)
  })

  it('turns HEAD into GET, and stores its whole answer', async () => {
    route('/head.csv')
    const head = await send('/head.csv', { method: 'HEAD', headers: ['Range', 'bytes=0-1', 'If-Range', '"a"'] })
    expect(head).toMatchObject({ status: 200, answer: '', cache: 'MISS' })
    expect(await send('/head.csv')).toMatchObject({ answer: 'GET 1', cache: 'HIT' })
  })

  it('asks for the whole answer', async () => {
    const headers = ['Range', 'bytes=0-1', 'If-Range', '"a"', 'X-Rest', 'c']
    const echoed = JSON.parse((await send('/whole.csv', { headers, body: 'dropped' })).answer)
    expect(echoed.headers).toMatchObject({ 'x-rest': 'c' })
    for (const name of ['range', 'if-range', 'content-length']) expect(echoed.headers).not.toHaveProperty(name)
    expect(echoed.body).toBe('')
  })

  it.each<[string, string, Sent, Record<string, string>]>([
    ['no-store', 'DYNAMIC', { cf: { cacheTtl: -1, cacheLevel: 'bypass', cacheControl: 'no-store' } }, {}],
    ['POST', 'DYNAMIC', { method: 'POST' }, {}],
    ['a private answer', 'BYPASS', {}, { 'Cache-Control': 'private, no-store' }],
    ['a cookie', 'BYPASS', {}, { 'Set-Cookie': 'a=b' }],
    ['Authorization', 'BYPASS', { headers: ['Authorization', 'x'] }, {}],
  ])('goes to the origin each time with %s', async (name, status, sent, headers) => {
    const path = `/each-${encodeURIComponent(name)}.csv`
    const seen = route(path, headers)
    for (const count of [1, 2]) {
      expect(await send(path, sent)).toMatchObject({ answer: `${sent.method ?? 'GET'} ${count}`, cache: status })
    }
    expect(seen.count).toBe(2)
  })

  it('stays HEAD around the cache', async () => {
    const { answer, cache: status } = await send('/echo.csv', { method: 'HEAD', cf: { cacheLevel: 'bypass' } })
    expect([answer, status, origin.received.at(-1)?.method]).toEqual(['', 'DYNAMIC', 'HEAD'])
  })

  it('stores no refusal', async () => {
    const seen = route('/refused.csv', {}, 403)
    for (const cacheStatus of ['MISS', 'MISS']) {
      expect(await send('/refused.csv')).toMatchObject({ status: 403, cache: cacheStatus })
    }
    expect(seen.count).toBe(2)
  })

  it("follows the Worker's wish to store everything", async () => {
    route('/page', { 'Cache-Control': 'private' })
    const cf = { cacheEverything: true, cacheTtl: 5 }
    expect(await send('/page', { cf })).toMatchObject({ answer: 'GET 1', cache: 'MISS' })
    expect(await send('/page', { cf })).toMatchObject({ answer: 'GET 1', cache: 'HIT' })
    expect(await send('/page')).toMatchObject({ answer: 'GET 2', cache: 'DYNAMIC' })
  })

  it('stores no answer that is too long or breaks off', async () => {
    const long = Buffer.alloc(cache.maxBody + 1)
    let longest = long.subarray(1)
    origin.route('/long.zip', (_request, response) => void response.end(longest))
    for (const [body, statuses] of [
      [long, ['MISS', 'MISS']],
      [longest, ['MISS', 'HIT']],
    ] as const) {
      longest = body
      for (const status of statuses) {
        const answer = await send('/long.zip')
        expect([answer.cache, answer.answer.length]).toEqual([status, body.length])
      }
    }
    origin.route('/broken.zip', (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    for (let at = 0; at < 2; at += 1) await expect(send('/broken.zip')).rejects.toThrow('aborted')
  })
})
