import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { AUDIENCE, createTestTeam, ISSUER } from '@countersign/test-support/access-team'
import { createCa } from '@countersign/test-support/certificates'
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
    expect(warnings()).toEqual([{ msg: 'countersign: degraded', reason: 'the replay store failed: "READONLY"' }])
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

describe('close', () => {
  it.each([false, true])(
    'ends a start that waits for a key server that hangs (requireKeysAtStart: %s)',
    async (requireKeysAtStart) => {
      let closed = false
      const keys = await startServer(({ socket }) => socket.on('close', () => (closed = true)))
      onTestFinished(() => keys.close())
      const access = { issuer: ISSUER, audience: AUDIENCE, jwksUri: `${keys.url}/certs`, requireKeysAtStart }
      const { app, warnings } = await start({ access })
      const ready = app.ready().then(String, ({ message }: Error) => message)
      await expect.poll(() => keys.requests()).toBe(1)
      await app.close()
      expect(await ready).toContain(requireKeysAtStart ? 'could not be fetched: the server was closed' : '[object')
      await expect.poll(() => closed).toBe(true)
      // The time-out of the fetch would be a warning.
      expect(warnings()).toEqual([])
    },
  )

  it.each(['refuse', 'accept'] as const)(
    'ends a start that waits for a list that hangs (onStale: %s)',
    async (onStale) => {
      const ca = await createCa()
      let called = 0
      const crl = () => {
        called += 1
        return new Promise<never>(() => {})
      }
      const { app, warnings } = await start({ trustedIssuers: [{ ca: ca.pem, revocation: { crl, onStale } }] })
      const ready = app.ready().then(String, ({ message }: Error) => message)
      await expect.poll(() => called).toBe(1)
      await app.close()
      expect(await ready).toContain(onStale === 'refuse' ? 'cannot be loaded: the server was closed' : '[object')
      expect(warnings()).toEqual([])
    },
  )

  it('works in a child scope, with a callback, and before the start', async () => {
    const app = Fastify()
    await app.register(async (child) => {
      await child.register(countersign, usual)
    })
    await new Promise<void>((resolve) => app.close(resolve))
    const unstarted = await start({})
    await unstarted.app.close()
    await expect(unstarted.app.ready()).resolves.toBeDefined()
  })
})

describe('the end of a failure', () => {
  it('is logged', async () => {
    const log: string[] = []
    const team = await createTestTeam()
    const keys = await startServer((_request, response) =>
      response.end(keys.requests() === 1 ? 'none' : JSON.stringify(team.jwks)),
    )
    onTestFinished(() => keys.close())
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = Fastify({
      logger: { level: 'info', stream: lineStream((line) => log.push(JSON.parse(line).msg)) },
    }) as unknown as FastifyInstance
    onTestFinished(() => app.close())
    await app.register(countersign, {
      ...usual,
      access: { issuer: ISSUER, audience: AUDIENCE, jwksUri: `${keys.url}/certs` },
    })
    await app.ready()
    vi.runOnlyPendingTimers()
    await expect.poll(() => log).toEqual(['countersign: degraded', 'countersign: recovered'])
  })
})

describe('a refused upgrade', () => {
  it('has its socket ended by the plugin where the server has handed it over', async () => {
    const { app } = await start({ listenersInFront: ['upgrade'] })
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
