import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EDGE_KEY, injectSigned } from '../../test/support/inject-signed.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { countersign } from '../plugin.ts'

const options: CountersignPluginOptions = {
  edge: { keys: EDGE_KEY.jwk, hosts: null },
  access: null,
  trustedIssuers: null,
  policies: { ops: { subject: { OU: 'Ops' } } },
}

type Declare = (app: FastifyInstance, register: (scope: FastifyInstance) => Promise<void>) => unknown

async function create(declare: Declare, changes: Partial<CountersignPluginOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await declare(app, async (scope) => void (await scope.register(countersign, { ...options, ...changes })))
  return app
}

async function failure(declare: Declare, changes?: Partial<CountersignPluginOptions>): Promise<unknown> {
  try {
    const app = await create(declare, changes)
    await app.ready()
  } catch (error) {
    return error
  }
}

const statuses = async (app: FastifyInstance, path: string, subject = 'CN=x') => [
  (await app.inject(path)).statusCode,
  (await injectSigned(app, path, { subject })).statusCode,
]

describe('the place of the plugin', () => {
  const NOTHING = new TypeError(
    'countersign is registered in a scope without routes and protects nothing; wrap the plugin that registers it with fastify-plugin, or register it in the scope of the routes',
  )

  it('must not be a scope without routes', async () => {
    const outside: Declare = async (app, register) => {
      app.get('/before', () => 1)
      await app.register(async (scope) => register(scope))
      app.get('/after', () => 1)
    }
    expect(await failure(outside)).toEqual(NOTHING)
  })

  it('may be a plugin file that is wrapped with fastify-plugin', async () => {
    const app = await create(async (root, register) => {
      await root.register(fp((scope: FastifyInstance) => register(scope)))
      root.get('/after', () => 1)
    })
    expect(await statuses(app, '/after')).toEqual([401, 200])
  })

  it('may be a root without routes', async () => {
    const app = await create((root, register) => register(root))
    expect(await statuses(app, '/none')).toEqual([401, 404])
  })

  it('may be a scope whose only routes are in scopes inside', async () => {
    const app = await create((root, register) =>
      root.register(async (scope) => {
        await register(scope)
        await scope.register(async (inner) => void inner.get('/inner', () => 1))
      }),
    )
    expect(await statuses(app, '/inner')).toEqual([401, 200])
  })

  it('may be a scope whose only routes are earlier ones with a rule', async () => {
    const declare: Declare = (app, register) =>
      app.register(async (scope) => {
        scope.get('/early', () => 1)
        await register(scope)
      })
    const app = await create(declare, { routes: [{ url: '/early', clientCert: 'ops' }] })
    expect(await statuses(app, '/early')).toEqual([401, 403])
  })

  it.each<[string, unknown]>([
    ['ops', 'ops'],
    ['false', false],
  ])('must contain the routes with a requirement: %s', async (_what, clientCert) => {
    const outside: Declare = async (app, register) => {
      await app.register(async (scope) => {
        await register(scope)
        scope.get('/inside', () => 1)
      })
      await app.register(async (scope) => void scope.get('/x', { config: { clientCert } as object }, () => 1))
    }
    expect(await failure(outside)).toEqual(
      new TypeError(
        'GET /x has config.clientCert outside of the scope of countersign, where nothing enforces it; wrap the plugin that registers countersign with fastify-plugin, or register it in a scope that contains the route',
      ),
    )
  })

  it('must contain a route with the config of a route inside', async () => {
    const alias: Declare = async (app, register) => {
      const routes: RouteOptions[] = []
      app.addHook('onRoute', (route) => void routes.push(route))
      await app.register(async (scope) => {
        await register(scope)
        scope.get('/x', { config: { clientCert: 'ops' }, exposeHeadRoute: false }, () => 1)
      })
      for (const { config, handler } of [...routes]) app.get('/alias', { config: config as object }, handler)
    }
    expect(await failure(alias)).toMatchObject({
      message: expect.stringContaining('GET /alias has config.clientCert outside of the scope of countersign'),
    })
  })

  it('is warned of if routes were declared before and outside, where their config cannot be seen', async () => {
    const lines: { level: number; msg: string; routes?: unknown }[] = []
    const app = Fastify({ logger: { level: 'warn', stream: lineStream((line) => lines.push(JSON.parse(line))) } })
    onTestFinished(() => app.close())
    app.get('/before', { config: { clientCert: 'ops' } }, () => 1)
    for (const prefix of ['/a', '/b']) {
      await app.register(
        async (scope) => {
          await scope.register(countersign, options)
          scope.setNotFoundHandler((_request, reply) => reply.code(404).send())
          scope.get('/x', { exposeHeadRoute: false }, () => 1)
        },
        { prefix },
      )
    }
    await app.ready()
    const msg =
      'countersign: these routes were declared before it and outside of its scope. It does not protect them, and cannot see whether they have config.clientCert'
    expect(lines.map(({ level, msg, routes }) => ({ level, msg, routes }))).toEqual([
      { level: 40, msg, routes: ['GET /before', 'HEAD /before'] },
      { level: 40, msg, routes: ['GET /before', 'HEAD /before'] },
    ])
  })

  it('need not contain routes without a requirement, nor those of another registration', async () => {
    const app = await create(async (root, register) => {
      for (const prefix of ['/a', '/b']) {
        await root.register(
          async (scope) => {
            await register(scope)
            scope.setNotFoundHandler((_request, reply) => reply.code(404).send())
            scope.get('/x', { config: { clientCert: 'ops' } }, () => 1)
          },
          { prefix },
        )
      }
      root.get('/open', () => 1)
    })
    for (const path of ['/a/x', '/b/x']) expect(await statuses(app, path), path).toEqual([401, 403])
    expect(await statuses(app, '/open')).toEqual([200, 200])
  })
})

describe('a hook in front of the plugin', () => {
  const message = (names: string, where = '') =>
    new TypeError(
      `onRequest hooks run in front of countersign${where}, and could answer a request that it refuses; register countersign before their plugins, or write hooksInFront: ${names} if they have to come first`,
    )
  async function greet(_request: FastifyRequest, reply: FastifyReply) {
    reply.header('x-greeting', 'hello')
  }

  it('is refused by name', async () => {
    const inFront: Declare = (app, register) => {
      app.addHook('onRequest', greet)
      app.addHook('onRequest', async () => {})
      return register(app)
    }
    expect(await failure(inFront)).toEqual(message('["greet","anonymous"]'))
    expect(await failure(inFront, { hooksInFront: ['greet'] })).toEqual(message('["greet","anonymous"]'))
    expect(await failure(inFront, { hooksInFront: ['anonymous', 'greet'] })).toEqual(message('["greet","anonymous"]'))
    expect(await failure(inFront, { hooksInFront: ['greet', 'anonymous'] })).toBeUndefined()
  })

  it('runs for refused requests too if the operator allows it', async () => {
    const app = await create(
      (root, register) => {
        root.addHook('onRequest', greet)
        return register(root)
      },
      { hooksInFront: ['greet'] },
    )
    app.get('/x', () => 1)
    const answer = await app.inject('/x')
    expect([answer.statusCode, answer.headers['x-greeting']]).toEqual([401, 'hello'])
  })

  it('is refused in an earlier scope', async () => {
    const inFront: Declare = async (app, register) => {
      await app.register(async (scope) => void scope.addHook('onRequest', greet), { prefix: '/v1' })
      await register(app)
    }
    expect(await failure(inFront)).toEqual(message('["greet"]', ' under /v1'))
  })

  it('is refused in a scope of an earlier scope', async () => {
    const inFront: Declare = async (app, register) => {
      await app.register(async (scope) => {
        await scope.register(async (inner) => void inner.addHook('onRequest', greet), { prefix: '/v1' })
      })
      await register(app)
    }
    expect(await failure(inFront)).toEqual(message('["greet"]', ' under /v1'))
  })

  it('is refused around the scope of the plugin', async () => {
    const inFront: Declare = async (app, register) => {
      app.addHook('onRequest', greet)
      await app.register(async (scope) => {
        await register(scope)
        scope.get('/x', () => 1)
      })
    }
    expect(await failure(inFront)).toEqual(message('["greet"]'))
  })

  it('may come later', async () => {
    const later: Declare = async (app, register) => {
      await register(app)
      app.addHook('onRequest', greet)
      await app.register(async (scope) => void scope.addHook('onRequest', greet))
    }
    expect(await failure(later)).toBeUndefined()
  })

  it('may be of a kind that runs later', async () => {
    const other: Declare = async (app, register) => {
      app.addHook('preHandler', greet)
      app.addHook('onSend', async () => {})
      await register(app)
    }
    expect(await failure(other)).toBeUndefined()
  })

  it('is not allowed in advance', async () => {
    expect(await failure((app, register) => register(app), { hooksInFront: ['greet'] })).toEqual(
      new TypeError('hooksInFront is ["greet"], but no onRequest hook runs in front of countersign; remove the option'),
    )
  })
})

describe('the handler for unknown paths', () => {
  const outside = (where: string) =>
    new TypeError(
      `the handler for unknown paths${where} is outside of the scope of countersign, and would reveal the routes in it; call setNotFoundHandler in the scope in which countersign is registered`,
    )

  it('of Fastify is guarded in a scope without a prefix', async () => {
    const app = await create((root, register) =>
      root.register(async (scope) => {
        await register(scope)
        scope.get('/x', () => 1)
      }),
    )
    expect(await statuses(app, '/none')).toEqual([401, 404])
  })

  it.each<[string, (app: FastifyInstance, set: (at: FastifyInstance) => unknown) => unknown]>([
    ['the scope of the plugin', (scope, set) => set(scope)],
    ['a scope inside', (scope, set) => scope.register(async (inner) => void set(inner))],
    [
      'a scope inside with a prefix',
      (scope, set) => scope.register(async (inner) => void set(inner), { prefix: '/v1' }),
    ],
  ])('may be set in %s', async (_where, place) => {
    const app = await create((root, register) =>
      root.register(async (scope) => {
        await register(scope)
        scope.get('/x', () => 1)
        await place(scope, (at) => at.setNotFoundHandler((_request, reply) => reply.code(404).send('own')))
      }),
    )
    for (const path of ['/none', '/v1/none']) expect(await statuses(app, path), path).toEqual([401, 404])
  })

  it('must not be set by the root around the plugin, before or after it', async () => {
    const set = (app: FastifyInstance) => app.setNotFoundHandler((_request, reply) => reply.code(404).send('open'))
    const guarded: Declare = (app, register) =>
      app.register(async (scope) => {
        await register(scope)
        scope.get('/x', () => 1)
      })
    const before: Declare = async (app, register) => {
      set(app)
      await guarded(app, register)
    }
    const after: Declare = async (app, register) => {
      await guarded(app, register)
      set(app)
    }
    expect(await failure(before)).toEqual(outside(''))
    expect(await failure(after)).toEqual(outside(''))
  })

  it('must be set in a scope with a prefix', async () => {
    const scoped =
      (set: boolean): Declare =>
      (app, register) =>
        app.register(
          async (scope) => {
            await register(scope)
            scope.get('/x', () => 1)
            if (set) scope.setNotFoundHandler((_request, reply) => reply.code(404).send('own'))
          },
          { prefix: '/v1' },
        )
    expect(await failure(scoped(false))).toEqual(outside(' under /v1'))
    expect(await statuses(await create(scoped(true)), '/v1/none')).toEqual([401, 404])
  })

  it('has a requirement of its own in its config', async () => {
    const withConfig =
      (config: object): Declare =>
      async (app, register) => {
        await register(app)
        app.setNotFoundHandler({ config } as object, (_request, reply) => reply.code(404).send('own'))
      }
    expect(await statuses(await create(withConfig({ clientCert: 'ops' })), '/none')).toEqual([401, 403])
    expect(await statuses(await create(withConfig({ clientCert: false })), '/none')).toEqual([404, 404])
    expect(await failure(withConfig({ clientCert: 'opps' }))).toEqual(
      new TypeError('the handler for unknown paths: config.clientCert: unknown policy "opps"; known policies are ops'),
    )
  })

  it('has its requirement when a route calls it too', async () => {
    const app = await create(async (root, register) => {
      await register(root)
      const config = { clientCert: 'ops' }
      const preHandler = async () => {}
      root.setNotFoundHandler({ config, preHandler } as object, (request, reply) =>
        reply.code(404).send({ subject: request.clientCert?.subject }),
      )
      root.get('/public', { config: { clientCert: false } }, (_request, reply) => reply.callNotFound())
      root.get('/any', (_request, reply) => reply.callNotFound())
    })
    for (const path of ['/public', '/any', '/none']) {
      expect(await statuses(app, path), path).toEqual([401, 403])
      const answer = await injectSigned(app, path)
      expect([answer.statusCode, answer.json(), answer.headers['cache-control']], path).toEqual([
        404,
        { subject: 'CN=pay-1,OU=Ops,O=Acme' },
        'private, no-store',
      ])
    }
  })

  it('must not be replaced by the default route of the router', async () => {
    const app = Fastify({ routerOptions: { defaultRoute: (_request, response) => void response.end('open') } })
    await app.register(countersign, options)
    await expect(app.ready()).rejects.toThrow(
      new TypeError(
        'routerOptions.defaultRoute of Fastify answers unknown paths without a check; remove it, and call setNotFoundHandler in the scope in which countersign is registered',
      ),
    )
  })

  it('may be public outside of the scope if its config states so', async () => {
    const open: Declare = async (app, register) => {
      const set = app.setNotFoundHandler as (options: object, handler: unknown) => unknown
      set.call(app, { config: { clientCert: false } }, (_request: unknown, reply: FastifyReply) =>
        reply.code(404).send(),
      )
      await app.register(async (scope) => {
        await register(scope)
        scope.get('/x', () => 1)
      })
    }
    const app = await create(open)
    expect(await statuses(app, '/none')).toEqual([404, 404])
    expect(await statuses(app, '/x')).toEqual([401, 200])
  })
})

describe('requireClientCert without a call', () => {
  const message = (where: string) =>
    new TypeError(`${where} is app.requireClientCert itself; call it with a requirement: app.requireClientCert(…)`)

  it.each<[string, string, (app: FastifyInstance, hook: never) => unknown]>([
    ['a route', 'a hook of GET /x', (app, onRequest) => app.get('/x', { onRequest }, () => 1)],
    [
      'a list of a route',
      'a hook of POST /x',
      (app, hook) => app.post('/x', { preHandler: [async () => {}, hook] }, () => 1),
    ],
    [
      'a bound one',
      'a hook of GET /x',
      (app, hook: () => void) => app.get('/x', { onRequest: hook.bind(app) }, () => 1),
    ],
    ['a scope', 'a hook', (app, hook) => app.register(async (scope) => void scope.addHook('preHandler', hook))],
    [
      'unknown paths',
      'a hook of the handler for unknown paths',
      (app, preHandler) => app.setNotFoundHandler({ preHandler }, (_request, reply) => reply.send()),
    ],
  ])('is refused as a hook of %s', async (_what, where, declare) => {
    const uncalled: Declare = async (app, register) => {
      await register(app)
      declare(app, app.requireClientCert as never)
    }
    expect(await failure(uncalled)).toEqual(message(where))
  })

  it('is accepted with a call, and so is a hook that has its name', async () => {
    async function requireClientCert() {}
    const called: Declare = async (app, register) => {
      await register(app)
      app.get('/x', { onRequest: [app.requireClientCert('ops'), requireClientCert] }, () => 1)
    }
    expect(await failure(called)).toBeUndefined()
  })
})

describe('a hook of requireClientCert', () => {
  const declareIn =
    (kind: string, place: 'route' | 'scope'): Declare =>
    async (app, register) => {
      await register(app)
      const hook = app.requireClientCert('ops')
      if (place === 'route') app.get('/x', { [kind]: hook }, () => 1)
      else app.addHook(kind as 'onRequest', hook)
    }

  it.each(['onRequest', 'preParsing', 'preValidation', 'preHandler'])('may be %s', async (kind) => {
    for (const place of ['route', 'scope'] as const) expect(await failure(declareIn(kind, place))).toBeUndefined()
  })

  it.each(['preSerialization', 'onSend', 'onResponse', 'onError', 'onTimeout', 'onRequestAbort', 'errorHandler'])(
    'must not be %s, which protects nothing',
    async (kind) => {
      expect(await failure(declareIn(kind, 'route'))).toEqual(
        new TypeError(
          `a hook of GET /x of app.requireClientCert(…) is ${kind}, which does not run before the handler; write onRequest, preParsing, preValidation, preHandler, or config.clientCert`,
        ),
      )
    },
  )

  it.each(['onSend', 'onResponse', 'onError', 'onTimeout'])('must not be %s of a scope', async (kind) => {
    expect(String(await failure(declareIn(kind, 'scope')))).toContain(`a hook of app.requireClientCert(…) is ${kind},`)
  })
})

describe('the root of a scope with a prefix, which Fastify declares with and without a slash', () => {
  const docs: Declare = (app, register) => register(app).then(() => plugin(app))
  const earlierDocs: Declare = (app, register) => plugin(app).then(() => register(app))
  const plugin = async (app: FastifyInstance) =>
    void (await app.register(
      async (scope) => {
        scope.get('/', { exposeHeadRoute: false }, () => 1)
        scope.get('/x', { exposeHeadRoute: false }, () => 1)
      },
      { prefix: '/docs' },
    ))
  const rules = (...given: [url: string, clientCert: unknown][]) =>
    ({ routes: given.map(([url, clientCert]) => ({ url, clientCert })) }) as Partial<CountersignPluginOptions>

  it.each<[string, Declare]>([
    ['after', docs],
    ['before', earlierDocs],
  ])('has one requirement for both urls if it is declared %s the plugin', async (_when, declare) => {
    const open = rules(['/docs', false], ['/docs/*', 'ops'])
    expect(await failure(declare, open)).toEqual(
      new TypeError(
        'routes[1].clientCert is different from the requirement of GET /docs, which answers /docs/ too; write the same requirement for both urls',
      ),
    )
    const app = await create(declare, rules(['/docs/*', 'ops']))
    for (const path of ['/docs', '/docs/', '/docs/x']) expect(await statuses(app, path), path).toEqual([401, 403])
  })

  it('can have a rule for each url that states the same', async () => {
    const same = rules(['/docs', 'ops'], ['/docs/', 'ops'])
    const app = await create(docs, same)
    for (const path of ['/docs', '/docs/']) expect(await statuses(app, path), path).toEqual([401, 403])
    expect(await failure(docs, rules(['/docs/', 'ops']))).toMatchObject({
      message: expect.stringContaining('routes[0].clientCert is different from the requirement of GET /docs'),
    })
  })
})

describe('a HEAD route', () => {
  const guardGet =
    (declare: (app: FastifyInstance) => unknown, clientCert: unknown = 'ops'): Declare =>
    async (app, register) => {
      await register(app)
      app.addHook('onRoute', (route) => {
        if ([route.method].flat().includes('GET')) route.config = { ...route.config, clientCert } as object
      })
      await declare(app)
    }
  const REFUSED = new TypeError(
    'HEAD /x has no requirement, and GET requires policy ops; set config.clientCert of both methods, or write clientCert: true for HEAD',
  )
  const head = (config: object) => (app: FastifyInstance) =>
    app.get('/x', { exposeHeadRoute: false }, () => 1).head('/x', config, () => 1)

  it('must have the requirement of its GET, or one of its own', async () => {
    expect(await failure(guardGet((app) => app.get('/x', () => 1)))).toEqual(REFUSED)
    expect(
      await failure(guardGet((app) => app.route({ method: ['GET', 'POST'], url: '/x', handler: () => 1 }))),
    ).toEqual(REFUSED)
    expect(await failure(guardGet(head({})))).toEqual(REFUSED)
    expect(await failure(guardGet(head({ config: { clientCert: true } })))).toBeUndefined()
  })

  it('need not have one if GET has none, or has other constraints', async () => {
    for (const clientCert of [true, false]) {
      expect(await failure(guardGet((app) => app.get('/x', () => 1), clientCert))).toBeUndefined()
    }
    expect(await failure(guardGet(head({ constraints: { version: '1.0.0' } })))).toBeUndefined()
    expect(
      await failure(guardGet((app) => app.get('/y', { exposeHeadRoute: false }, () => 1).head('/x', () => 1))),
    ).toBeUndefined()
  })
})

describe('a failed start', () => {
  it('closes the server, which inject() would otherwise serve', async () => {
    const app = Fastify()
    app.get('/open', () => 1)
    await app.register(async (scope) => void (await scope.register(countersign, options)))
    await expect(app.ready()).rejects.toThrow('protects nothing')
    await expect(app.inject('/open')).rejects.toThrow('closed')
  })
})

describe('a route for the preflights of browsers', () => {
  const preflights =
    (url: string, config?: object): Declare =>
    async (app, register) => {
      await register(app)
      app.options(url, { ...(config && { config }) }, () => 'x')
    }
  const REFUSED = new TypeError(
    "OPTIONS * would refuse every preflight, which browsers send without a certificate; write routes: [{ method: 'OPTIONS', url: '*', clientCert: false }], or clientCert: true in it to refuse them",
  )

  it('must have a requirement, because browsers send no certificate', async () => {
    expect(await failure(preflights('*'))).toEqual(REFUSED)
    expect(await failure(preflights('*', { other: 1 }))).toEqual(REFUSED)
    expect(await failure(preflights('/v1/*'))).toMatchObject({
      message: expect.stringMatching(/^OPTIONS \/v1\/\* would refuse .* url: '\/v1\/\*', clientCert: false/),
    })
  })

  it.each([true, false, 'ops'])('may have the requirement %j, in its config and by a rule', async (clientCert) => {
    expect(await failure(preflights('*', { clientCert }))).toBeUndefined()
    const routes = [{ method: 'OPTIONS', url: '*', clientCert }]
    expect(await failure(preflights('*'), { routes } as Partial<CountersignPluginOptions>)).toBeUndefined()
  })

  it('is a route for all urls and for OPTIONS alone', async () => {
    expect(await failure(preflights('/x'))).toBeUndefined()
    const all: Declare = async (app, register) => {
      await register(app)
      app.route({ method: ['OPTIONS', 'GET'], url: '*', handler: () => 'x' })
    }
    expect(await failure(all)).toBeUndefined()
  })
})
