import { createServer } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EDGE_KEY } from '../../test/support/inject-signed.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { countersign } from '../plugin.ts'

const options: CountersignPluginOptions = {
  edge: { keys: EDGE_KEY.jwk, hosts: null },
  access: null,
  trustedIssuers: null,
}

const EVENTS = ['request', 'upgrade', 'connect', 'checkContinue', 'checkExpectation', 'stream'] as const
const TAKEOVERS = EVENTS.slice(1)

/** Starts a server, with changes before and after the registration. */
async function start(
  listenersInFront: readonly string[],
  { app = Fastify() as FastifyInstance, before = () => {}, after = () => {} }: Partial<Changes> = {},
): Promise<FastifyInstance> {
  onTestFinished(() => app.close())
  before(app)
  await app.register(countersign, { ...options, listenersInFront })
  after(app)
  await app.ready()
  return app
}

interface Changes {
  readonly app: FastifyInstance
  before(app: FastifyInstance): void
  after(app: FastifyInstance): void
}

const message = (events: string, write: string) =>
  `listeners of the HTTP server for ${events} run in front of countersign, and could answer a client that it refuses; remove them, or write listenersInFront: ${write} if they only watch, as those of a monitoring agent do, or verify their clients themselves`

const idle = (event: string) =>
  `listenersInFront allows ${event}, but no listener of the HTTP server for ${event} runs in front of countersign; remove this event from the option, or add the listener before the server is ready`

const listen = (event: string) => (app: FastifyInstance) => void app.server.on(event, () => {})

describe('a listener of the HTTP server', () => {
  it.each(EVENTS)('of %s is an error at the start, unless it is allowed', async (event) => {
    const expected = new TypeError(message(event, `["${event}"]`))
    await expect(start([], { before: listen(event) })).rejects.toEqual(expected)
    await expect(start([], { after: listen(event) })).rejects.toEqual(expected)
    await start([event], { before: listen(event), after: listen(event) })
  })

  it('that replaces that of Fastify is an error, as with socket.io', async () => {
    const replace = (app: FastifyInstance) => {
      app.server.removeAllListeners('request')
      app.server.on('request', () => {})
    }
    await expect(start([], { before: replace })).rejects.toThrow(message('request', '["request"]'))
    await expect(start(['upgrade'], { before: listen('upgrade'), after: replace })).rejects.toThrow(
      message('request', '["upgrade","request"]'),
    )
    const socketIo = (app: FastifyInstance) => {
      replace(app)
      listen('upgrade')(app)
    }
    await expect(start([], { after: socketIo })).rejects.toThrow(message('request, upgrade', '["request","upgrade"]'))
    await start(['upgrade', 'request'], { after: socketIo })
  })

  it('of another event than the allowed one is an error', async () => {
    const both = (app: FastifyInstance) => {
      listen('request')(app)
      listen('upgrade')(app)
    }
    await expect(start(['request'], { after: both })).rejects.toThrow(message('upgrade', '["request","upgrade"]'))
  })

  it.each(TAKEOVERS)('of %s cannot be added to a server that has started, unless it is allowed', async (event) => {
    const app = await start([])
    const late = `${message(event, `["${event}"]`)}; add them before the server is ready`
    expect(() => listen(event)(app)).toThrow(new TypeError(late))
    expect(app.server.listenerCount(event)).toBe(0)
    listen(event)(await start([event], { after: listen(event) }))
  })

  it.each(EVENTS)('of %s that is allowed and missing is an error at the start', async (event) => {
    await expect(start([event])).rejects.toEqual(new TypeError(idle(event)))
  })

  it('of Fastify or of a plugin that passes its clients on does not need the option, which is then an error', async () => {
    const http2 = Fastify({ http2: true }) as unknown as FastifyInstance
    await expect(start(['stream'], { app: http2 })).rejects.toThrow(idle('stream'))
    const websocket = (app: FastifyInstance) => {
      app.decorate('websocketServer', true as never)
      app.server.on('upgrade', function onUpgrade() {})
    }
    await expect(start(['upgrade'], { after: websocket })).rejects.toThrow(idle('upgrade'))
    await start(['upgrade'], { before: listen('upgrade'), after: websocket })
  })

  it('that is missing is named with all others that are missing', async () => {
    await expect(start(['upgrade', 'connect', 'request'], { after: listen('connect') })).rejects.toThrow(
      'listenersInFront allows upgrade, request, but no listener of the HTTP server for upgrade, request runs in front of countersign; remove these events from the option, or add the listener before the server is ready',
    )
  })

  it('of a stream of HTTP/2 is an error next to that of Node', async () => {
    const http2 = () => Fastify({ http2: true }) as unknown as FastifyInstance
    const app = await start([], { app: http2() })
    expect(app.server.listenerCount('stream')).toBe(1)
    expect(() => listen('stream')(app)).toThrow(message('stream', '["stream"]'))
    await expect(start([], { app: http2(), before: listen('stream') })).rejects.toThrow(message('stream', '["stream"]'))
    await expect(start([], { app: http2(), after: listen('stream') })).rejects.toThrow(message('stream', '["stream"]'))
    await start(['stream'], { app: http2(), after: listen('stream') })
  })

  it('of request or of another event can be added later, to observe', async () => {
    const app = await start([])
    for (const event of ['request', 'connection', 'close']) listen(event)(app)
    expect(app.server.listenerCount('request')).toBe(2)
  })

  it('with the name of that of @fastify/websocket is not taken for it without the plugin', async () => {
    const onUpgrade = () => {}
    const named = (app: FastifyInstance) => void app.server.on('upgrade', onUpgrade)
    await expect(start([], { after: named })).rejects.toThrow(message('upgrade', '["upgrade"]'))
    await start([], {
      after: (app) => {
        named(app)
        app.register(async (scope) => void scope.decorate('websocketServer', true as never))
      },
    })
  })

  it('of another name next to that of @fastify/websocket is an error', async () => {
    const besides = (app: FastifyInstance) => {
      app.decorate('websocketServer', true as never)
      app.server.on('upgrade', function other() {})
    }
    await expect(start([], { after: besides })).rejects.toThrow(message('upgrade', '["upgrade"]'))
  })

  it('of @fastify/http-proxy is known by its symbol, and another one next to it is not', async () => {
    const proxy = ({ server }: FastifyInstance) => {
      const listener = () => {}
      Object.assign(server, { [Symbol('wsUpgradeListener')]: listener })
      server.on('upgrade', listener)
    }
    await start([], { after: proxy })
    const besides = (app: FastifyInstance) => {
      proxy(app)
      listen('upgrade')(app)
    }
    await expect(start([], { after: besides })).rejects.toThrow(message('upgrade', '["upgrade"]'))
  })

  it('that passes the request on, in a server of an own factory, is none in front', async () => {
    const factory = () =>
      Fastify({ serverFactory: (handler) => createServer((request, response) => handler(request, response)) })
    const app = await start([], { app: factory() })
    expect((await app.inject('/')).json()).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
    await expect(start([], { app: factory(), after: listen('request') })).rejects.toThrow(
      message('request', '["request"]'),
    )
  })
})
