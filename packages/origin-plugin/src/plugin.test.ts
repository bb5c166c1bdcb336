import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import { createTestTeam } from '@countersign/test-support/access-team'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { AUTHORITY } from '../test/support/edge-lines.ts'
import { injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { clientCertOf } from './client-cert.ts'
import { type CountersignError, isCountersignError } from './errors.ts'
import type { RefusedMessage } from './events/messages.ts'
import { allOf, not, type Requirement } from './guards/requirement.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

const options: CountersignPluginOptions = {
  ...SIGNED_ONLY,
  policies: { ops: { subject: { OU: 'Ops' } }, dev: { subject: { OU: 'Dev' } } },
}

async function start(fastify?: FastifyServerOptions): Promise<FastifyInstance> {
  const app = Fastify(fastify ?? {}) as FastifyInstance
  await app.register(countersign, options)
  return app
}

function logTo(lines: Record<string, unknown>[]): FastifyServerOptions {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line))
      done()
    },
  })
  return { logger: { level: 'info', stream } }
}

const subjectOf = (request: FastifyRequest) => ({ subject: clientCertOf(request).subject })
const stateOf = ({ clientCert, access }: FastifyRequest) => ({ clientCert, access })

describe('a request', () => {
  it('has the certificate that the edge vouches for', async () => {
    const app = await start()
    app.get('/me', subjectOf)
    const answer = await injectSigned(app, '/me')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ subject: 'CN=pay-1,OU=Ops,O=Acme' })
  })

  it('has no certificate on a public route, with any headers', async () => {
    const app = await start()
    app.get('/public', { config: { clientCert: false } }, stateOf)
    expect((await app.inject('/public')).json()).toEqual({ clientCert: null, access: null })
    expect((await injectSigned(app, '/public')).json()).toEqual({ clientCert: null, access: null })
  })

  it('does not share its certificate with concurrent requests', async () => {
    const app = await start()
    app.get('/me', async (request) => {
      await new Promise((resolve) => setImmediate(resolve))
      return subjectOf(request)
    })
    const subjects = Array.from({ length: 20 }, (_, at) => `CN=client-${at}`)
    const answers = await Promise.all(subjects.map((subject) => injectSigned(app, '/me', { subject })))
    expect(answers.map((answer) => answer.json().subject)).toEqual(subjects)
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const)(
    'is guarded with the method %s',
    async (method) => {
      const app = await start()
      app.all('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
      expect((await app.inject({ method, url: '/ops' })).statusCode).toBe(401)
      expect((await injectSigned(app, '/ops', { method, subject: 'CN=x,OU=Dev' })).statusCode).toBe(403)
      expect((await injectSigned(app, '/ops', { method })).statusCode).toBe(200)
    },
  )
})

describe('a refusal', () => {
  async function refuse(declare: (app: FastifyInstance) => void, path = '/ops') {
    const app = await start()
    const seen: { error: unknown; request: ReturnType<typeof stateOf> }[] = []
    app.setErrorHandler((error: CountersignError, request, reply) => {
      seen.push({ error, request: stateOf(request) })
      return reply.code(error.statusCode).send({ own: JSON.parse(JSON.stringify(error)), text: String(error) })
    })
    declare(app)
    const answer = await injectSigned(app, path, { subject: 'CN=mallory,OU=Dev' })
    expect(seen).toHaveLength(1)
    return { answer, ...(seen[0] as (typeof seen)[number]) }
  }

  const declarations: [string, (app: FastifyInstance) => void][] = [
    ['the config', (app) => app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')],
    ['an onRequest hook', (app) => app.get('/ops', { onRequest: app.requireClientCert('ops') }, () => 'ops')],
    ['a preHandler hook', (app) => app.get('/ops', { preHandler: app.requireClientCert('ops') }, () => 'ops')],
    [
      'a hook among others',
      (app) => app.get('/ops', { preHandler: [async () => {}, app.requireClientCert('ops')] }, () => 'ops'),
    ],
  ]

  it.each(declarations)('by %s leaves the proven identity to an error handler', async (_what, declare) => {
    const { request, error } = await refuse(declare)
    expect(request).toEqual({ clientCert: expect.anything(), access: null })
    expect(isCountersignError(error)).toBe(true)
  })

  it.each(declarations)('by %s keeps the reason from an error handler that sends the error', async (_what, declare) => {
    const { answer, error } = await refuse(declare)
    expect((error as CountersignError).reason).toBe(
      'subject does not match: OU=Ops (subject CN=mallory,OU=Dev, issuer CN=Acme Issuing CA,O=Acme)',
    )
    expect(answer.statusCode).toBe(403)
    expect(answer.json().own).toEqual({
      code: 'CSN_CERT_FORBIDDEN',
      name: 'FastifyError',
      statusCode: 403,
      message: expect.anything(),
    })
    expect(answer.body).not.toContain('mallory')
    expect(answer.body).not.toContain('OU=')
  })

  it('is answered with the code and a general sentence', async () => {
    const app = await start()
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    const answer = await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toEqual({
      statusCode: 403,
      code: 'CSN_CERT_FORBIDDEN',
      error: 'Forbidden',
      message: 'The client certificate does not give access to this route',
    })
  })

  it('is logged with its reason', async () => {
    const lines: Record<string, unknown>[] = []
    const app = await start(logTo(lines))
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    expect(lines.filter(({ level }) => level === 40)).toEqual([
      expect.objectContaining({
        msg: 'countersign: request refused',
        code: 'CSN_CERT_FORBIDDEN',
        statusCode: 403,
        reason: 'subject does not match: OU=Ops (subject CN=mallory, issuer CN=Acme Issuing CA,O=Acme)',
        reqId: expect.anything(),
      }),
    ])
  })

  it('does not run the handler, nor the hooks after it', async () => {
    const app = await start()
    const ran: string[] = []
    app.addHook('onRequest', async () => void ran.push('onRequest'))
    app.addHook('preHandler', async () => void ran.push('preHandler'))
    app.get('/me', () => ran.push('handler'))
    expect((await app.inject('/me')).statusCode).toBe(401)
    expect(ran).toEqual([])
  })
})

describe('the channel countersign:refused', () => {
  const messages: RefusedMessage[] = []
  const listen = (message: unknown) => messages.push(message as RefusedMessage)
  afterEach(() => {
    unsubscribe('countersign:refused', listen)
    messages.length = 0
  })

  it('tells of each refusal, with the request and the reason', async () => {
    const app = await start()
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    app.get('/hook', { preHandler: app.requireClientCert('ops') }, () => 'ops')
    subscribe('countersign:refused', listen)
    await injectSigned(app, '/ops')
    expect(messages).toEqual([])
    await app.inject('/ops?1')
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    await injectSigned(app, '/hook', { subject: 'CN=eve' })
    expect(messages.map(({ request, code, clientCert }) => [request.url, code, clientCert?.subject.CN])).toEqual([
      ['/ops?1', 'CSN_SIGNATURE_MISSING', undefined],
      ['/ops', 'CSN_CERT_FORBIDDEN', 'mallory'],
      ['/hook', 'CSN_CERT_FORBIDDEN', 'eve'],
    ])
    expect(messages[1]?.reason).toBe(
      'subject does not match: OU=Ops (subject CN=mallory, issuer CN=Acme Issuing CA,O=Acme)',
    )
  })
})

describe('edge: null', () => {
  const access = { issuer: 'https://acme.cloudflareaccess.com', audience: 'a'.repeat(64) }
  const warnings = (lines: Record<string, unknown>[]) =>
    lines.filter(({ level }) => level === 40).map(({ msg }) => String(msg))

  it('is warned of at the start', async () => {
    const lines: Record<string, unknown>[] = []
    const { jwks } = await createTestTeam()
    await Fastify(logTo(lines)).register(countersign, { edge: null, access: { ...access, jwks }, trustedIssuers: null })
    expect(warnings(lines)).toEqual([
      expect.stringMatching(
        /^countersign: edge is null, so nothing proves that the edge wrote the certificate headers/,
      ),
    ])
  })

  it('is the only thing that is warned of', async () => {
    const lines: Record<string, unknown>[] = []
    const app = await start(logTo(lines))
    await app.ready()
    expect(warnings(lines)).toEqual([])
  })
})

describe('requireClientCert', () => {
  it.each(['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const)('guards as %s hook', async (hook) => {
    const app = await start()
    app.get('/ops', { [hook]: app.requireClientCert(allOf('ops', not({ subject: { CN: 'eve' } }))) }, subjectOf)
    expect((await injectSigned(app, '/ops')).json()).toEqual({ subject: 'CN=pay-1,OU=Ops,O=Acme' })
    for (const subject of ['CN=pay-1,OU=Dev', 'CN=eve,OU=Ops', 'CN=eve,CN=a,OU=Ops']) {
      const answer = await injectSigned(app, '/ops', { subject })
      expect([answer.statusCode, answer.json().code], subject).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    }
    expect((await app.inject('/ops')).json().code).toBe('CSN_SIGNATURE_MISSING')
  })

  it('guards a whole scope as its hook', async () => {
    const app = await start()
    await app.register(
      async (child) => {
        child.addHook('onRequest', child.requireClientCert('dev'))
        child.get('/x', () => 'x')
      },
      { prefix: '/dev' },
    )
    app.get('/x', () => 'x')
    expect((await injectSigned(app, '/dev/x')).statusCode).toBe(403)
    expect((await injectSigned(app, '/dev/x', { subject: 'OU=Dev' })).statusCode).toBe(200)
    expect((await injectSigned(app, '/x')).statusCode).toBe(200)
  })

  it('asks for more than the config does, never for less', async () => {
    const app = await start()
    app.get('/x', { config: { clientCert: 'ops' }, preHandler: app.requireClientCert(true) }, () => 'x')
    expect((await injectSigned(app, '/x', { subject: 'CN=x' })).statusCode).toBe(403)
    expect((await injectSigned(app, '/x')).statusCode).toBe(200)
  })

  it.each(['onRequest', 'preHandler'] as const)('refuses every client on a public route, as %s hook', async (hook) => {
    const app = await start()
    app.get('/x', { config: { clientCert: false }, [hook]: app.requireClientCert(true) }, () => 'x')
    for (const answer of [await app.inject('/x'), await injectSigned(app, '/x')]) {
      expect([answer.statusCode, answer.json().code]).toEqual([401, 'CSN_CERT_MISSING'])
    }
  })

  it.each<[unknown, string]>([
    [undefined, 'requireClientCert: the requirement is undefined'],
    [false, 'requireClientCert: the requirement must be true'],
    [{}, 'requireClientCert is an empty requirement'],
    ['opps', 'requireClientCert: unknown policy "opps"; known policies are ops, dev'],
    [{ subjekt: 'CN=a' }, 'requireClientCert: unknown property "subjekt"'],
    [async () => true, 'requireClientCert: a guard must be synchronous'],
  ])('throws at once for %o', async (requirement, message) => {
    const app = await start()
    expect(() => app.requireClientCert(requirement as Requirement)).toThrow(TypeError)
    expect(() => app.requireClientCert(requirement as Requirement)).toThrow(message)
  })

  it('refuses a second requirement, which would be dropped', async () => {
    const app = await start()
    const untyped = app.requireClientCert as (...requirements: Requirement[]) => unknown
    expect(() => untyped('ops', 'dev')).toThrow(
      new TypeError('requireClientCert takes one requirement; write requireClientCert(anyOf(…)) or allOf(…)'),
    )
  })
})

describe('clientCertRoutes', () => {
  it('lists every route with how it is protected', async () => {
    const app = await start()
    app.get('/healthz', { config: { clientCert: false } }, () => 'ok')
    app.post('/me', () => 'me')
    await app.register(
      async (child) => {
        child.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
        child.route({ method: ['PUT', 'DELETE'], url: '/:id', config: { clientCert: not('dev') }, handler: () => 'x' })
      },
      { prefix: '/v1' },
    )
    const guarded = { protection: 'guarded', requirement: 'policy ops', enforced: true }
    expect(app.clientCertRoutes()).toEqual([
      { method: 'GET', url: '/healthz', protection: 'public', requirement: 'none', enforced: true },
      { method: 'HEAD', url: '/healthz', protection: 'public', requirement: 'none', enforced: true },
      { method: 'POST', url: '/me', protection: 'verified', requirement: 'any verified certificate', enforced: true },
      { method: 'GET', url: '/v1/ops', ...guarded },
      { method: 'HEAD', url: '/v1/ops', ...guarded },
      { method: 'PUT,DELETE', url: '/v1/:id', protection: 'guarded', requirement: 'not (policy dev)', enforced: true },
    ])
  })

  it('is empty without routes', async () => {
    expect((await start()).clientCertRoutes()).toEqual([])
  })
})

describe('a route’s config', () => {
  it.each<[string, unknown, string]>([
    ['null', null, 'POST /v1/ops: config.clientCert: the requirement must be true, the name of a policy'],
    [
      'undefined',
      undefined,
      'POST /v1/ops: config.clientCert: the requirement is undefined; it must be true, the name of a policy',
    ],
    ['an empty object', {}, 'POST /v1/ops: config.clientCert is an empty requirement'],
    ['an unknown policy', 'opps', 'POST /v1/ops: config.clientCert: unknown policy "opps"'],
    ['a typo', { subjekt: 'CN=a' }, 'POST /v1/ops: config.clientCert: unknown property "subjekt"'],
  ])('that is wrong is refused where the route is declared: %s', async (_what, clientCert, message) => {
    const app = await start()
    await app.register(
      async (child) => {
        const declare = () => child.post('/ops', { config: { clientCert: clientCert as Requirement } }, () => 'ops')
        expect(declare).toThrow(message)
      },
      { prefix: '/v1' },
    )
    expect.assertions(1)
  })

  it('is not changed', async () => {
    const app = await start()
    const config = Object.freeze({ clientCert: 'ops', own: Object.freeze({ a: 1 }) })
    const route = { config }
    app.get('/a', route, (request) => (request.routeOptions.config as typeof config).own)
    app.get('/b', route, () => 'b')
    expect(route.config).toBe(config)
    expect(Reflect.ownKeys(config)).toEqual(['clientCert', 'own'])
    expect((await injectSigned(app, '/a')).json()).toEqual({ a: 1 })
    expect((await injectSigned(app, '/b', { subject: 'CN=x' })).statusCode).toBe(403)
  })
})

describe('the registration', () => {
  it('happens once in a scope and inside it', async () => {
    const twice = 'countersign is registered twice in one scope, or again inside it; register it once'
    const app = await start()
    await expect(app.register(countersign, options)).rejects.toThrow(new TypeError(twice))

    const other = await start()
    await expect(other.register(async (child) => void (await child.register(countersign, options)))).rejects.toThrow(
      twice,
    )
  })

  it('comes before the routes', async () => {
    const app = Fastify()
    app.get('/early', () => 'open')
    await expect(app.register(countersign, options)).rejects.toThrow('GET /early was registered before countersign')
  })

  it('in a scope of its own concerns no sibling', async () => {
    const otherKey = hmacKey('other')
    const app = Fastify()
    app.get('/open', (request) => ({ has: 'clientCert' in request }))
    await app.register(async (child) => {
      await child.register(countersign, options)
      child.get('/one', { config: { clientCert: 'ops' } }, subjectOf)
      expect(child.clientCertRoutes()).toHaveLength(2)
    })
    await app.register(async (child) => {
      await child.register(countersign, { ...options, edge: { keys: otherKey.jwk, hosts: [AUTHORITY] }, policies: {} })
      child.get('/other', subjectOf)
      expect(child.clientCertRoutes()).toHaveLength(2)
      expect(() => child.requireClientCert('ops')).toThrow('unknown policy "ops"')
    })
    expect(app).not.toHaveProperty('requireClientCert')
    expect((await app.inject('/open')).json()).toEqual({ has: false })
    expect((await app.inject('/one')).statusCode).toBe(401)
    expect((await injectSigned(app, '/one')).statusCode).toBe(200)
    expect((await injectSigned(app, '/one', { key: otherKey })).json().code).toBe('CSN_SIGNATURE_INVALID')
    expect((await injectSigned(app, '/other', { key: otherKey })).statusCode).toBe(200)
    expect((await injectSigned(app, '/other')).json().code).toBe('CSN_SIGNATURE_INVALID')
  })
})

describe('a path that no route has', () => {
  it('is told to nobody without a certificate', async () => {
    const app = await start()
    app.get('/me', () => 'me')
    expect((await app.inject('/none')).json().code).toBe('CSN_SIGNATURE_MISSING')
    expect((await injectSigned(app, '/none')).statusCode).toBe(404)
    expect((await injectSigned(app, '/me', { method: 'POST' })).statusCode).toBe(404)
    expect((await app.inject({ method: 'POST', url: '/me' })).statusCode).toBe(401)
  })

  it('has a handler of its own that is protected, in the root and in a scope with a prefix', async () => {
    const app = await start()
    const calls: string[] = []
    app.setNotFoundHandler((request, reply) => {
      calls.push('root')
      return reply.code(404).send(subjectOf(request))
    })
    await app.register(
      async (child) => {
        child.setNotFoundHandler((request, reply) => {
          calls.push('child')
          return reply.code(404).send(subjectOf(request))
        })
      },
      { prefix: '/v1' },
    )
    for (const path of ['/none', '/v1/none', '/v1', '/v1/../none', '/%']) {
      expect((await app.inject(path)).json().code, path).toMatch(/^CSN_|^FST_ERR_BAD_URL$/)
    }
    expect(calls).toEqual([])
    for (const path of ['/none', '/v1/none']) {
      const answer = await injectSigned(app, path)
      expect([answer.statusCode, answer.json()]).toEqual([404, { subject: 'CN=pay-1,OU=Ops,O=Acme' }])
    }
    expect(calls).toEqual(['root', 'child'])
  })

  it('may ask for more in a hook', async () => {
    const app = await start()
    app.setNotFoundHandler({ preHandler: app.requireClientCert('ops') }, (_request, reply) => reply.code(404).send())
    expect((await injectSigned(app, '/none', { subject: 'CN=x' })).statusCode).toBe(403)
    expect((await injectSigned(app, '/none')).statusCode).toBe(404)
  })

  it('is protected in a scope that has the plugin for itself', async () => {
    const app = Fastify()
    await app.register(
      async (child) => {
        await child.register(countersign, options)
        child.setNotFoundHandler((_request, reply) => reply.code(404).send('child'))
        child.get('/', () => 'x')
      },
      { prefix: '/v1' },
    )
    expect((await app.inject('/v1/none')).statusCode).toBe(401)
    expect((await injectSigned(app, '/v1/none')).statusCode).toBe(404)
    expect((await app.inject('/none')).statusCode).toBe(404)
  })

  it('is told by a public route without a certificate', async () => {
    const app = await start()
    app.setNotFoundHandler((request, reply) => reply.code(404).send(stateOf(request)))
    app.get('/files/:name', { config: { clientCert: false } }, (_request, reply) => reply.callNotFound())
    for (const answer of [await app.inject('/files/x'), await injectSigned(app, '/files/x')]) {
      expect([answer.statusCode, answer.json()]).toEqual([404, { clientCert: null, access: null }])
    }
  })
})
