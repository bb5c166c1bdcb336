import { randomBytes } from 'node:crypto'
import countersign, { not } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'

const options = {
  edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null },
  access: null,
  trustedIssuers: null,
  policies: { ops: { subject: { OU: 'Ops' } } },
}

type Declare = (app: FastifyInstance) => unknown

async function start(declare: Declare): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(countersign, options)
  await declare(app)
  return app
}

async function failure(declare: Declare): Promise<unknown> {
  return start(declare)
    .then((app) => app.ready())
    .then(
      () => undefined,
      (error) => error,
    )
}

/** A route whose handler would answer anybody, with a hook that changes its requirement. */
const route = (app: FastifyInstance, clientCert?: unknown) =>
  app.get('/x', clientCert === undefined ? {} : ({ config: { clientCert } } as object), () => 'open')

const replace = (clientCert: unknown) => (routeOptions: RouteOptions) => {
  routeOptions.config = { clientCert } as never
}
const mutate = (clientCert: unknown) => (routeOptions: RouteOptions) => {
  routeOptions.config ??= {}
  Object.assign(routeOptions.config, { clientCert })
}
const clone = (routeOptions: RouteOptions) => {
  routeOptions.config = JSON.parse(JSON.stringify(routeOptions.config ?? {}))
}

describe('a requirement that another hook sets after the plugin’s', () => {
  it.each<[string, Declare, string]>([
    [
      'false becomes a policy, in a new config',
      (app) => {
        app.addHook('onRoute', replace('ops'))
        route(app, false)
      },
      'policy ops',
    ],
    [
      'false becomes a policy, in the same config',
      (app) => {
        app.addHook('onRoute', mutate('ops'))
        route(app, false)
      },
      'policy ops',
    ],
    [
      'in a scope inside',
      (app) =>
        app.register(async (child) => {
          child.addHook('onRoute', mutate('ops'))
          route(child)
        }),
      'policy ops',
    ],
    [
      'by several hooks, of which the last decides',
      (app) => {
        for (const hook of [replace(false), mutate(true), clone, mutate('ops'), clone]) app.addHook('onRoute', hook)
        route(app, false)
      },
      'policy ops',
    ],
    [
      'a copy of the config',
      (app) => {
        app.addHook('onRoute', clone)
        route(app, 'ops')
      },
      'policy ops',
    ],
  ])('is enforced: %s', async (_what, declare, requirement) => {
    const app = await start(declare)
    expect((await app.inject('/x')).json()).toMatchObject({ statusCode: 401, code: 'CSN_SIGNATURE_MISSING' })
    expect((await app.inject({ method: 'HEAD', url: '/x' })).statusCode).toBe(401)
    expect(app.clientCertRoutes().map((listed) => listed.requirement)).toEqual([requirement, requirement])
  })

  it('can make a route public too, and then the list shows it', async () => {
    const app = await start((app) => {
      app.addHook('onRoute', mutate(false))
      route(app, 'ops')
    })
    expect((await app.inject('/x')).body).toBe('open')
    expect(app.clientCertRoutes().map(({ protection }) => protection)).toEqual(['public', 'public'])
  })

  it('that is wrong stops the start', async () => {
    const declare = (hook: (routeOptions: RouteOptions) => void) =>
      failure((app) => {
        app.addHook('onRoute', hook)
        route(app, false)
      })
    expect(await declare(mutate('opps'))).toEqual(
      new TypeError('GET /x: config.clientCert: unknown policy "opps"; known policies are ops'),
    )
    expect(await declare(mutate(undefined))).toMatchObject({
      message: expect.stringMatching(/^GET \/x: config\.clientCert: the requirement is undefined/),
    })
  })

  it('comes too late once the route is declared, and throws', async () => {
    const late = failure((app) => {
      const routes: RouteOptions[] = []
      app.addHook('onRoute', (routeOptions) => void routes.push(routeOptions))
      app.addHook('onReady', async () => routes.forEach(mutate('ops')))
      route(app, false)
    })
    expect(await late).toMatchObject({
      message: expect.stringMatching(/^GET \/x: config.clientCert cannot be changed after the route was declared/),
    })
  })
})

describe('a requirement in a place that Fastify or the plugin does not read', () => {
  it.each<[string, object, string]>([
    ['next to config', { clientCert: 'ops' }, 'GET /x: unknown option clientCert; write config: { clientCert: … }'],
    ['misspelt', { config: { clientCertificate: 'ops' } }, 'GET /x: unknown option config.clientCertificate; write'],
    [
      'with the name of the package',
      { config: { countersign: 'ops' } },
      'GET /x: unknown option config.countersign; write',
    ],
    [
      'with a mode in the requirement',
      { config: { clientCert: { mode: 'enforce' } } },
      'GET /x: config.clientCert: unknown property "mode"; known properties are subject, ',
    ],
    [
      'with a requirement in the requirement',
      { config: { clientCert: { clientCert: 'ops' } } },
      'GET /x: config.clientCert: unknown property "clientCert"; known properties are subject, ',
    ],
    [
      'with a mode in config',
      { config: { clientCert: 'ops', mode: 'report' } },
      'GET /x: config.mode has no effect on countersign, and the mode of the route is "enforce"; write routes: [{ url: "/x", mode: "report" }]',
    ],
    [
      'with a mode next to config',
      { mode: 'report' },
      'GET /x: mode has no effect on countersign, and the mode of the route is "enforce"; write routes: [{ url: "/x", mode: "report" }]',
    ],
    ['misspelt by a letter', { config: { clienCert: 'ops' } }, 'GET /x: unknown option config.clienCert; write'],
    [
      'inherited by config',
      { config: Object.create({ clientCert: 'ops' }) },
      'GET /x: config inherits clientCert; write it as a property of config itself',
    ],
    ['a hook that was not called', {}, 'a hook of GET /x is app.requireClientCert itself; call it with a requirement'],
  ])('stops the start: %s', async (what, declaration, message) => {
    const failed = failure((app) => {
      const hook = what.startsWith('a hook') ? { onRequest: app.requireClientCert as never } : {}
      app.get('/x', { ...declaration, ...hook }, () => 'open')
    })
    expect(await failed).toMatchObject({ name: 'TypeError', message: expect.stringContaining(message) })
  })
})

describe('a requirement that comes after the handler', () => {
  it.each(['preSerialization', 'onSend', 'onResponse', 'onError', 'onTimeout'])(
    'stops the start as %s',
    async (kind) => {
      const late: Declare = (app) => app.get('/x', { [kind]: app.requireClientCert('ops') }, () => 'open')
      expect(String(await failure(late))).toContain(`${kind}, which does not run before the handler`)
    },
  )
})

describe('a requirement that changes while the server runs', () => {
  it('closes a public route', async () => {
    const app = await start((app) =>
      app.get('/x', { config: { clientCert: false } }, (request) => {
        Object.assign(request.routeOptions.config, { clientCert: 'ops' })
        return 'open'
      }),
    )
    expect((await app.inject('/x')).body).toBe('open')
    expect((await app.inject('/x')).statusCode).toBe(500)
  })

  it('cannot grow: a certificate that is added to a list of banned ones would get in', async () => {
    const banned = ['ab'.repeat(32)]
    await start((app) => route(app, not({ fingerprint256: banned })))
    expect(() => banned.push('cd'.repeat(32))).toThrow(TypeError)
  })
})
