import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { lineStream } from '@countersign/test-support/line-stream'
import { startServer } from '@countersign/test-support/local-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { EDGE_KEY, injectSigned } from '../test/support/inject-signed.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

const usual: CountersignPluginOptions = {
  edge: { keys: EDGE_KEY.jwk, hosts: null },
  access: null,
  trustedIssuers: null,
}

interface LogLine {
  readonly level: number
  readonly msg: string
  readonly reason?: string
}

/** Declares `/me` behind the plugin. The app is closed when the test has finished. */
async function start(changes: Partial<CountersignPluginOptions>, before = (_app: FastifyInstance) => {}) {
  const log: LogLine[] = []
  const app = Fastify({
    logger: { level: 'warn', stream: lineStream((line) => log.push(JSON.parse(line))) },
  }) as unknown as FastifyInstance
  onTestFinished(() => app.close())
  before(app)
  await app.register(countersign, { ...usual, ...changes })
  app.get('/me', () => 'me')
  return { app, warnings: () => log.filter(({ level }) => level === 40).map(({ msg, reason }) => ({ msg, reason })) }
}

describe('a failure that does not refuse the request', () => {
  it('is logged with its reason', async () => {
    let calls = 0
    const replay = {
      async spend() {
        calls += 1
        // True and false pass the check at the start.
        if (calls > 2) throw new Error('READONLY')
        return calls === 1
      },
    }
    const edge = { keys: EDGE_KEY.jwk, hosts: null, replay, onStoreUnavailable: 'accept' as const }
    const { app, warnings } = await start({ edge })
    expect((await injectSigned(app, '/me')).statusCode).toBe(200)
    expect(warnings()).toEqual([{ msg: 'countersign: degraded', reason: 'the replay store failed: READONLY' }])
  })
})

describe('a replay store', () => {
  it('that does not detect a replay stops the start, with onStoreUnavailable: accept too', async () => {
    const replay = { spend: async () => true }
    for (const onStoreUnavailable of ['refuse', 'accept'] as const) {
      const { app } = await start({ edge: { keys: EDGE_KEY.jwk, hosts: null, replay, onStoreUnavailable } })
      await expect(app.ready()).rejects.toThrow(
        'edge.replay: the replay store does not detect replays: it answered true and then true for one nonce; spend() must return true for a fresh nonce, and false after that',
      )
    }
  })
})

describe('an error that is not a refusal', () => {
  it('is neither logged nor published as a refused request', async () => {
    const messages: unknown[] = []
    const listen = (message: unknown) => messages.push(message)
    subscribe('countersign:refused', listen)
    onTestFinished(() => void unsubscribe('countersign:refused', listen))
    const { app, warnings } = await start({ hooksInFront: ['hideLines'] }, (early) => {
      early.addHook('onRequest', async function hideLines({ raw }) {
        Object.defineProperty(raw, 'rawHeaders', { value: undefined })
      })
    })
    expect((await injectSigned(app, '/me')).statusCode).toBe(500)
    expect(warnings()).toEqual([])
    expect(messages).toEqual([])
  })
})

describe('the keys of Access', () => {
  const accessOf = (url: string) => ({ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${url}/certs` })

  it('are fetched before the server is ready', async () => {
    const keys = await startServer((_request, response) => void response.writeHead(503).end())
    onTestFinished(() => keys.close())
    const { app } = await start({ access: { ...accessOf(keys.url), requireKeysAtStart: true } })
    expect(keys.requests()).toBe(0)
    await expect(app.ready()).rejects.toThrow(/^the keys of .* could not be fetched: the server answered 503$/)
    expect(keys.requests()).toBe(1)
  })

  it('are fetched again at an interval, until the server closes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const keys = await startServer((_request, response) => void response.writeHead(503).end())
    onTestFinished(() => keys.close())
    const { app } = await start({ access: accessOf(keys.url) })
    await app.ready()
    expect(vi.getTimerCount()).toBe(1)
    const again = once(keys.server, 'request')
    vi.runOnlyPendingTimers()
    await again
    expect(keys.requests()).toBe(2)
    await app.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a refused upgrade', () => {
  it('has its socket ended by the plugin where the server has handed it over', async () => {
    const { app } = await start({})
    // As a WebSocket plugin does: Node no longer ends this socket itself, with any Connection header.
    app.server.on('upgrade', (request, socket) => {
      const response = new ServerResponse(request)
      response.assignSocket(socket as never)
      app.routing(request, response)
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => void client.destroy())
    client.write('GET /me HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    let answer = ''
    client.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk
    })
    await once(client, 'end')
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).toContain('"code":"CSN_SIGNATURE_MISSING"')
  })
})
