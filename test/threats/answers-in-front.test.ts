import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it, onTestFinished } from 'vitest'

const options: CountersignPluginOptions = {
  edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null },
  access: null,
  trustedIssuers: null,
}

/** Middleware as @fastify/middie and @fastify/express run it: in an onRequest hook, with functions that come later. */
const middleware = fp(async (app: FastifyInstance) => {
  const used: ((reply: FastifyReply) => unknown)[] = []
  app.decorate('use', ((run: (reply: FastifyReply) => unknown) => void used.push(run)) as never)
  app.addHook('onRequest', async function runMiddleware(_request, reply) {
    for (const run of used) await run(reply)
  })
})
const use = (app: FastifyInstance) =>
  (app as never as { use(run: (reply: FastifyReply) => unknown): void }).use((reply) => reply.send('open'))

async function answer(_request: FastifyRequest, reply: FastifyReply) {
  await reply.send('open')
}

type Declare = (app: FastifyInstance) => unknown

const failure = async (declare: Declare) => {
  const app = Fastify()
  onTestFinished(() => app.close())
  await declare(app)
  return app.ready().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

const message = (hook: string) =>
  `onRequest hooks run in front of countersign, and could answer a request that it refuses; register countersign before their plugins, or write hooksInFront: ["${hook}"] if they have to come first`

describe('a hook in front of the plugin that answers', () => {
  it.each<[string, Declare, string]>([
    [
      'a hook of the root',
      async (app) => {
        app.addHook('onRequest', answer)
        await app.register(countersign, options)
      },
      message('answer'),
    ],
    [
      'middleware',
      async (app) => {
        await app.register(middleware)
        use(app)
        await app.register(countersign, options)
      },
      message('runMiddleware'),
    ],
    [
      'middleware that is added after the plugin, to a hook that was there before',
      async (app) => {
        await app.register(middleware)
        await app.register(countersign, options)
        use(app)
      },
      message('runMiddleware'),
    ],
    [
      'a hook of an earlier scope, whose routes come later',
      async (app) => {
        let earlier = app
        await app.register(async (scope) => {
          scope.addHook('onRequest', answer)
          earlier = scope
        })
        await app.register(countersign, options)
        earlier.get('/x', () => 'x')
      },
      message('answer'),
    ],
    [
      'another hook than the one that is allowed',
      async (app) => {
        app.addHook('onRequest', async function handleCors() {})
        app.addHook('onRequest', answer)
        await app.register(countersign, { ...options, hooksInFront: ['handleCors'] })
      },
      message('handleCors","answer'),
    ],
  ])('stops the start: %s', async (_what, declare, expected) => {
    expect(await failure(declare)).toBe(expected)
  })

  it('does not answer if it comes after the plugin', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(countersign, options)
    await app.register(middleware)
    use(app)
    app.addHook('onRequest', answer)
    app.get('/x', () => 'x')
    for (const path of ['/x', '/none']) {
      expect((await app.inject(path)).json(), path).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
    }
  })
})

describe('a hook in front of the plugin that the operator allows', () => {
  /** The part of @fastify/cors that decides the order: a hook that answers preflights, and a route for them. */
  const cors = fp(async (app: FastifyInstance) => {
    app.addHook('onRequest', function handleCors(request, reply, done) {
      reply.header('access-control-allow-origin', '*')
      if (request.method === 'OPTIONS') reply.code(204).send()
      else done()
    })
    app.options('*', (_request, reply) => reply.callNotFound())
  })
  const routes = [{ method: 'OPTIONS', url: '*', clientCert: false as const }]

  it.each<[string, Declare, string | undefined]>([
    [
      'before the plugin',
      async (app) => {
        await app.register(cors)
        await app.register(countersign, { ...options, routes, hooksInFront: ['handleCors'] })
      },
      '*',
    ],
    [
      'after the plugin',
      async (app) => {
        await app.register(countersign, { ...options, routes })
        await app.register(cors)
      },
      undefined,
    ],
  ])('answers preflights and nothing else, %s', async (_order, declare, allowed) => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await declare(app)
    app.get('/x', { config: { clientCert: { subject: { OU: 'Ops' } } } }, () => 'open')
    const port = await freePort()
    await app.listen({ host: '127.0.0.1', port })
    const ask = (method: string) =>
      sendRaw(port, `${method} /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`)
    expect((await ask('OPTIONS')).status).toBe(204)
    for (const method of ['GET', 'POST', 'HEAD']) expect((await ask(method)).status, method).toBe(401)
    expect((await app.inject('/x')).headers['access-control-allow-origin']).toBe(allowed)
  })
})

describe('a listener of the HTTP server in front of Fastify that answers', () => {
  const takeRequests = ({ server }: FastifyInstance) =>
    void server
      .removeAllListeners('request')
      .on('request', (_request: IncomingMessage, response: ServerResponse) => response.end('open'))
  const takeUpgrades = ({ server }: FastifyInstance) =>
    void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => socket.end('HTTP/1.1 200 OK\r\n\r\nopen'))

  it.each([
    ['requests', 'request', takeRequests],
    ['upgrades', 'upgrade', takeUpgrades],
  ] as const)('%s stops the start, before and after the registration', async (_what, event, take) => {
    const stopped = `listeners of the HTTP server for ${event} run in front of countersign, and could answer a client that it refuses; remove them, or write listenersInFront: ["${event}"] if they only watch, as those of a monitoring agent do, or verify their clients themselves`
    const before: Declare = async (app) => {
      take(app)
      await app.register(countersign, options)
    }
    const after: Declare = async (app) => {
      await app.register(countersign, options)
      take(app)
    }
    expect([await failure(before), await failure(after)]).toEqual([stopped, stopped])
  })

  it('upgrades cannot be added to a running server', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(countersign, options)
    await app.listen({ host: '127.0.0.1', port: await freePort() })
    expect(() => takeUpgrades(app)).toThrow('write listenersInFront: ["upgrade"]')
    const { port } = app.server.address() as { readonly port: number }
    const handshake = 'Host: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket'
    expect((await sendRaw(port, `GET /socket HTTP/1.1\r\n${handshake}\r\n\r\n`)).status).toBe(401)
  })
})
