import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { AUDIENCE, ISSUER, serviceClaims } from '@countersign/test-support/access-team'
import { createCa } from '@countersign/test-support/certificates'
import { createParties, type Parties } from '@countersign/test-support/parties'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AUTHORITY, edgeLines } from '../test/support/edge-lines.ts'
import { expectRefusal } from '../test/support/expect-refusal.ts'
import { type FastifyOrigin, type FastifyOriginOptions, startFastifyOrigin } from '../test/support/fastify-origin.ts'
import {
  type CountersignError,
  type CountersignPluginOptions,
  clientCertOf,
  countersign,
  isCountersignError,
  type RefusedMessage,
} from './index.ts'

let ca: Parties['ca']
let cert: Parties['cert']
let access: Parties['access']
let token: Parties['token']
let key: Parties['key']
const open: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  ;({ ca, cert, access, token, key } = await createParties())
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

const options = (changes: Partial<CountersignPluginOptions> = {}): CountersignPluginOptions => ({
  edge: { keys: key.jwk, hosts: [AUTHORITY] },
  access: { issuer: ISSUER, audience: AUDIENCE, jwks: access.jwks },
  trustedIssuers: [ca.pem],
  policies: { ops: { subject: { OU: 'Ops' } }, sales: { subject: { OU: 'Sales' } } },
  ...changes,
})

async function start({ plugin, ...rest }: Partial<FastifyOriginOptions> = {}): Promise<FastifyOrigin> {
  const origin = await startFastifyOrigin({ plugin: plugin ?? options(), ...rest }, { cert, token, key })
  open.push(origin)
  return origin
}

describe('the routes that are protected', () => {
  it('protects the sibling routes of the register call', async () => {
    const origin = await start()
    expectRefusal(origin, await origin.send({ target: '/me' }), 'CSN_SIGNATURE_MISSING', 'Signature-Input is missing')
    const admitted = await origin.get('/me')
    expect(admitted.json()).toMatchObject({ subject: 'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US', access: { kind: 'user' } })
    expect(admitted.status).toBe(200)
  })

  it('protects routes of child scopes, whether or not they are encapsulated', async () => {
    const origin = await start({
      async routes(app) {
        await app.register(async (child) => void child.get('/', () => 'child'), { prefix: '/child' })
        await app.register(async (child) => {
          await child.register(async (grandchild) => void grandchild.get('/deep', () => 'deep'))
        })
        await app.register(fp(async (same) => void same.get('/same', () => 'same')))
      },
    })
    for (const target of ['/child', '/child/', '/deep', '/same']) {
      expectRefusal(origin, await origin.send({ target }), 'CSN_SIGNATURE_MISSING', /./)
      expect((await origin.get(target)).status).toBe(200)
    }
  })

  it('protects HEAD routes, which Fastify adds by itself, with the guard of the GET route', async () => {
    const origin = await start({ routes: (app) => app.get('/sales', { config: { clientCert: 'sales' } }, () => 'x') })
    expect((await origin.send({ target: '/sales', method: 'HEAD' })).status).toBe(401)
    expect((await origin.get('/sales', { method: 'HEAD' })).status).toBe(403)
  })

  it('protects every method of a route', async () => {
    const origin = await start({
      routes: (app) => app.route({ method: ['POST', 'DELETE'], url: '/many', handler: () => 'many' }),
    })
    for (const method of ['POST', 'DELETE']) {
      expect((await origin.send({ target: '/many', method })).status).toBe(401)
      expect((await origin.get('/many', { method })).status).toBe(200)
    }
  })

  it('protects the default 404 handler', async () => {
    const origin = await start()
    expectRefusal(origin, await origin.send({ target: '/nothing' }), 'CSN_SIGNATURE_MISSING', /./)
    expect((await origin.get('/nothing')).status).toBe(404)
  })

  it('protects 404 handlers of its own scope and of a prefixed child', async () => {
    const origin = await start({
      async routes(app) {
        app.setNotFoundHandler((request, reply) =>
          reply.code(404).send({ by: 'root', cn: request.clientCert?.subject.CN }),
        )
        await app.register(
          async (child) => child.setNotFoundHandler((_, reply) => reply.code(404).send({ by: 'child' })),
          { prefix: '/child' },
        )
      },
    })
    for (const target of ['/nothing', '/child/nothing']) {
      expectRefusal(origin, await origin.send({ target }), 'CSN_SIGNATURE_MISSING', /./)
    }
    expect((await origin.get('/nothing')).json()).toEqual({ by: 'root', cn: 'pay-1' })
    expect((await origin.get('/child/nothing')).json()).toEqual({ by: 'child' })
  })

  it('protects a 404 handler that was set before it was registered', async () => {
    const app = Fastify()
    open.push(app)
    app.setNotFoundHandler((_, reply) => reply.code(404).send({ by: 'early' }))
    await app.register(countersign, options())
    expect((await app.inject('/nothing')).statusCode).toBe(401)
  })

  it('leaves scopes outside of its own alone', async () => {
    const app = Fastify()
    open.push(app)
    await app.register(async (inside) => {
      await inside.register(countersign, options())
      inside.get('/inside', () => 'inside')
    })
    app.get('/outside', () => 'outside')
    expect((await app.inject('/inside')).statusCode).toBe(401)
    expect((await app.inject('/outside')).statusCode).toBe(200)
  })
})

describe('a public route', () => {
  it('is open, and shows no certificate even when forged or genuine headers come', async () => {
    const origin = await start()
    for (const request of [{ key: null }, {}]) {
      const answer = await origin.get('/public', request)
      expect(answer.status).toBe(200)
      expect(answer.json()).toEqual({ clientCert: null, access: null })
    }
  })

  it('answers CSN_CERT_MISSING from a requireClientCert hook, though the headers are genuine', async () => {
    const origin = await start({
      routes(app) {
        app.get('/open', { config: { clientCert: false }, preHandler: app.requireClientCert(true) }, () => 'x')
      },
    })
    expectRefusal(
      origin,
      await origin.get('/open'),
      'CSN_CERT_MISSING',
      'the route is public, so no certificate was verified',
    )
  })

  it('makes clientCertOf throw', async () => {
    const origin = await start({
      routes: (app) => app.get('/open', { config: { clientCert: false } }, (request) => clientCertOf(request)),
    })
    expect((await origin.get('/open')).status).toBe(500)
  })
})

describe('registration', () => {
  const tooLate = /^GET \/early was registered before countersign and would not be protected; write `await/

  it('refuses to be registered after a route', async () => {
    const app = Fastify()
    app.get('/early', () => 'open')
    await expect(app.register(countersign, options())).rejects.toThrow(TypeError)
    const again = Fastify()
    again.get('/early', () => 'open')
    await expect(again.register(countersign, options())).rejects.toThrow(tooLate)
  })

  it('refuses to start if a route was declared without awaiting it', async () => {
    const app = Fastify()
    app.register(countersign, options())
    app.get('/early', () => 'open')
    await expect(app.ready()).rejects.toThrow(tooLate)
    await expect(app.ready()).rejects.toBeInstanceOf(TypeError)
  })

  it('refuses to be registered after an encapsulated plugin', async () => {
    const app = Fastify()
    await app.register(async (child) => void child.get('/early', () => 'open'))
    await expect(app.register(countersign, options())).rejects.toThrow(tooLate)
  })

  it('guards routes that an earlier plugin without routes declares later', async () => {
    const app = Fastify()
    open.push(app)
    let inner = app as FastifyInstance
    await app.register(async (child) => {
      inner = child
    })
    await app.register(countersign, options())
    inner.get('/inner', () => 'x')
    expect((await app.inject('/inner')).statusCode).toBe(401)
  })

  it('may be registered after a plugin that shares its scope and declares no route', async () => {
    const app = Fastify()
    open.push(app)
    await app.register(fp(async (same) => void same.addHook('onSend', async () => {})))
    await app.register(countersign, options())
    app.get('/', () => 'x')
    expect((await app.inject('/')).statusCode).toBe(401)
  })

  it('refuses to start after a route of the same child instance, and does not run it then either', async () => {
    const app = Fastify()
    let ran = false
    await app.register(async (child) => {
      child.get('/early', () => {
        ran = true
        return 'open'
      })
      await child.register(countersign, options())
    })
    await expect(app.listen({ host: '127.0.0.1', port: 0 })).rejects.toThrow(tooLate)
    await expect(app.inject('/early')).rejects.toThrow('closed')
    expect(ran).toBe(false)
  })

  it('refuses to be registered twice, in one scope or inside it', async () => {
    const twice = 'countersign is registered twice in one scope, or again inside it; register it once'
    const app = Fastify()
    await app.register(countersign, options())
    await expect(app.register(countersign, options())).rejects.toThrow(new TypeError(twice))
    const nested = Fastify()
    await nested.register(countersign, options())
    const inside = nested.register(async (child) => void (await child.register(countersign, options())))
    await expect(inside).rejects.toThrow(new TypeError(twice))
  })

  it('throws for a wrong option', async () => {
    const app = Fastify()
    const wrong = app.register(countersign, { edge: null, access: null, trustedIssuers: null })
    await expect(wrong).rejects.toThrow(/^edge and access must not both be null/)
  })

  it('throws for a wrong requirement when its route is declared', async () => {
    const app = Fastify()
    await app.register(countersign, options())
    const declare = (clientCert: unknown) => () => app.get('/x', { config: { clientCert } as never }, () => 'x')
    expect(declare('opps')).toThrow(
      new TypeError('GET /x: config.clientCert: unknown policy "opps"; known policies are ops, sales'),
    )
    expect(declare({ subjct: { OU: 'Ops' } })).toThrow(/^GET \/x: config\.clientCert: unknown property "subjct"/)
    for (const nothing of [undefined, null, 0, '', [], 'constructor', '__proto__']) {
      expect(declare(nothing)).toThrow(TypeError)
    }
    expect(() => app.requireClientCert('opps')).toThrow(/^requireClientCert: unknown policy "opps"/)
  })

  it('warns at the start that nothing is proven without an edge signature', async () => {
    const quiet = await start()
    expect(quiet.log.filter(({ level }) => level === 40)).toEqual([])
    const loud = await start({ plugin: options({ edge: null }) })
    expect(loud.log.filter(({ level }) => level === 40)).toMatchObject([{ msg: expect.stringMatching(/edge is null/) }])
  })
})

describe('clientCertRoutes', () => {
  it('lists every route with how it is protected', async () => {
    const { app } = await start({
      async routes(instance) {
        instance.get('/me', { exposeHeadRoute: false }, () => 'x')
        instance.post('/open', { config: { clientCert: false } }, () => 'x')
        await instance.register(
          async (child) => void child.delete('/x', { config: { clientCert: 'ops' } }, () => 'x'),
          { prefix: '/v1' },
        )
      },
    })
    expect(app.clientCertRoutes()).toEqual([
      { method: 'GET', url: '/me', protection: 'verified', requirement: 'any verified certificate', enforced: true },
      { method: 'POST', url: '/open', protection: 'public', requirement: 'none', enforced: true },
      { method: 'DELETE', url: '/v1/x', protection: 'guarded', requirement: 'policy ops', enforced: true },
    ])
  })

  it('hands out a copy', async () => {
    const { app } = await start()
    const { length } = app.clientCertRoutes()
    app.clientCertRoutes().pop()
    expect(app.clientCertRoutes()).toHaveLength(length)
  })
})

describe('guards', () => {
  it('admits and refuses by the config of the route', async () => {
    const origin = await start({
      routes(app) {
        app.get('/ops', { config: { clientCert: 'ops' } }, () => ({ ok: true }))
        app.get('/sales', { config: { clientCert: 'sales' } }, () => ({ ok: true }))
      },
    })
    expect((await origin.get('/ops')).status).toBe(200)
    const refused = await origin.get('/sales')
    expectRefusal(
      origin,
      refused,
      'CSN_CERT_FORBIDDEN',
      'subject does not match: OU=Sales (subject CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US, issuer CN=Acme Client CA,O=Acme,C=US)',
      [token, key.jwk.k as string],
    )
  })

  it.each(['onRequest', 'preValidation', 'preHandler'] as const)('admits and refuses as an %s hook', async (hook) => {
    const origin = await start({
      routes(app) {
        app.get('/ops', { [hook]: app.requireClientCert('ops') }, () => ({ ok: true }))
        app.get('/sales', { [hook]: app.requireClientCert('sales') }, () => ({ ok: true }))
      },
    })
    expect((await origin.get('/ops')).status).toBe(200)
    expectRefusal(origin, await origin.get('/sales'), 'CSN_CERT_FORBIDDEN', /^subject does not match: OU=Sales/)
  })

  it('lets a guard function see the request, its parameters and the identity', async () => {
    const seen: unknown[] = []
    const origin = await start({
      routes: (app) =>
        app.get(
          '/tenants/:id',
          {
            config: {
              clientCert: (each, request) => {
                seen.push(request.access?.kind, request.clientCert === each)
                return (request.params as { id: string }).id === each.subject.CN
              },
            },
          },
          () => 'x',
        ),
    })
    expect((await origin.get('/tenants/pay-1')).status).toBe(200)
    expect((await origin.get('/tenants/pay-2')).status).toBe(403)
    expect(seen).toEqual(['user', true, 'user', true])
  })

  it('applies the guard of the route that the router chose, for any spelling of the path', async () => {
    const origin = await start({
      fastify: { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } },
      routes: (app) => {
        app.get('/sales', { config: { clientCert: 'sales' } }, () => 'x')
        app.get('/', { config: { clientCert: false } }, () => 'open')
      },
    })
    for (const target of ['/SALES', '/sales/', '//sales', '/%73ales', '/sales?x=/', '/sales#/']) {
      expect((await origin.get(target)).status, target).toBe(403)
      expect((await origin.send({ target })).status, target).toBe(401)
    }
  })
})

describe('a refused request', () => {
  it('has neither certificate nor identity in error handlers when the proof failed', async () => {
    const seen: unknown[] = []
    const origin = await start({
      routes(app) {
        app.setErrorHandler((error, request, reply) => {
          if (!isCountersignError(error)) throw error
          seen.push(error.code, request.clientCert, request.access)
          return reply.code(error.statusCode).send({ custom: error.code })
        })
        app.get('/sales', { config: { clientCert: 'sales' } }, () => 'x')
      },
    })
    expect((await origin.send({ target: '/sales' })).status).toBe(401)
    expect(seen).toEqual(['CSN_SIGNATURE_MISSING', null, null])
  })

  it('keeps the proven identity in error handlers when a guard refuses, with an error that does not show its reason', async () => {
    const seen: { clientCert: unknown; access: unknown; json: string; error: CountersignError }[] = []
    const origin = await start({
      routes(app) {
        app.setErrorHandler((error, request, reply) => {
          if (!isCountersignError(error)) throw error
          seen.push({ clientCert: request.clientCert, access: request.access, json: JSON.stringify(error), error })
          return reply.code(error.statusCode).send({ custom: error.code })
        })
        app.get('/sales', { config: { clientCert: 'sales' } }, () => 'x')
        app.get('/hook', { preHandler: app.requireClientCert('sales') }, () => 'x')
      },
    })
    for (const target of ['/sales', '/hook']) {
      const answer = await origin.get(target)
      expect(answer.json()).toEqual({ custom: 'CSN_CERT_FORBIDDEN' })
      expect(answer.status).toBe(403)
    }
    for (const { clientCert, access: identity, json, error } of seen) {
      expect(clientCert).toMatchObject({ subject: { CN: expect.any(String) } })
      expect(identity).toMatchObject({ kind: 'user' })
      expect(error.reason).toMatch(/^subject does not match: OU=Sales/)
      expect(json).not.toContain('Sales')
      expect(Object.keys(error)).not.toContain('reason')
    }
    expect(seen).toHaveLength(2)
  })

  it('is published on the diagnostics channel', async () => {
    const messages: RefusedMessage[] = []
    const listen = (message: unknown) => void messages.push(message as RefusedMessage)
    subscribe('countersign:refused', listen)
    try {
      const origin = await start()
      await origin.get('/me')
      expect(messages).toEqual([])
      await origin.send({ target: '/me' })
    } finally {
      unsubscribe('countersign:refused', listen)
    }
    expect(messages.map(({ code, reason }) => [code, reason])).toEqual([
      ['CSN_SIGNATURE_MISSING', 'Signature-Input is missing'],
    ])
    expect(messages[0]?.request.url).toBe('/me')
  })

  it('has its connection ended when it asked for an upgrade', async () => {
    const origin = await start()
    const answer = await origin.send({ target: '/me', lines: [['Upgrade', 'websocket']], connection: 'Upgrade' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('connection')).toBe('close')
  })

  it('does not run the handler, the body parser or later hooks', async () => {
    const ran: string[] = []
    const origin = await start({
      routes(app) {
        app.addHook('preParsing', async () => void ran.push('preParsing'))
        app.addHook('onRequest', async () => void ran.push('onRequest'))
        app.post('/me', () => ran.push('handler'))
      },
    })
    const answer = await origin.send({ target: '/me', method: 'POST', lines: [['Content-Length', '0']] })
    expect(answer.status).toBe(401)
    expect(ran).toEqual([])
  })
})

describe('the signed request', () => {
  const notVerified = (target: string, isOtherHost = false) =>
    `the signature does not verify for ${target}${isOtherHost ? ', and edge.hosts is origin.example; a proxy may write its own Host' : ''}`

  it('has the request line as received, not the result of rewriteUrl', async () => {
    const origin = await start({ fastify: { rewriteUrl: () => '/me' } })
    expect((await origin.get('/elsewhere')).status).toBe(200)
    const answer = await origin.get('/elsewhere', { signedTarget: '/me' })
    expectRefusal(origin, answer, 'CSN_SIGNATURE_INVALID', notVerified('GET origin.example/elsewhere'))
  })

  it('has the received Host, not a trusted X-Forwarded-Host', async () => {
    const origin = await start({ fastify: { trustProxy: true } })
    const forwarded = [['X-Forwarded-Host', 'origin.example']] as const
    const tamper = (lines: ReturnType<typeof edgeLines>) => [...lines, ...forwarded]
    expect((await origin.get('/me', { tamper })).status).toBe(200)
    const moved = await origin.get('/me', { tamper, host: 'other.example' })
    expectRefusal(origin, moved, 'CSN_SIGNATURE_INVALID', notVerified('GET other.example/me', true))
  })

  it('has the host in the spelling of the edge', async () => {
    const origin = await start()
    for (const host of ['ORIGIN.example', 'origin.example:443']) {
      const answer = await origin.get('/me', { host })
      const reason = `the host is spelt "${host}", and the edge spells it "origin.example"`
      expectRefusal(origin, answer, 'CSN_SIGNATURE_INVALID', reason)
    }
    const other = await origin.get('/me', { host: 'origin.example:8443' })
    expectRefusal(origin, other, 'CSN_SIGNATURE_INVALID', notVerified('GET origin.example:8443/me', true))
  })

  it('is not the path of an absolute target', async () => {
    const origin = await start()
    for (const target of ['http://origin.example/me', 'http://evil.example/me']) {
      const answer = await origin.get(target, { signedTarget: '/me' })
      expectRefusal(origin, answer, 'CSN_SIGNATURE_INVALID', notVerified(`GET origin.example${target}`))
    }
  })

  it('covers method, path and query', async () => {
    const origin = await start({ routes: (app) => app.all('/*', () => ({ ok: true })) })
    expect((await origin.get('/a%2Fb?c=d&e')).status).toBe(200)
    for (const [target, signedTarget, shown] of [
      ['/a/b?c=d', '/a%2Fb?c=d', '/a/b?…'],
      ['/a?c=e', '/a?c=d', '/a?…'],
      ['/a?', '/a?c', '/a'],
    ] as const) {
      const answer = await origin.get(target, { signedTarget })
      expectRefusal(origin, answer, 'CSN_SIGNATURE_INVALID', notVerified(`GET origin.example${shown}`))
    }
    const lines = edgeLines('/a', { cert, token, key })
    const answer = await origin.send({ target: '/a', method: 'DELETE', lines })
    expectRefusal(origin, answer, 'CSN_SIGNATURE_INVALID', notVerified('DELETE origin.example/a'))
  })
})

describe('a request that is verified', () => {
  it('is accepted once', async () => {
    const origin = await start()
    const lines = edgeLines('/me', { cert, token, key })
    expect((await origin.send({ target: '/me', lines })).status).toBe(200)
    const again = await origin.send({ target: '/me', lines })
    expectRefusal(origin, again, 'CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
  })

  it('is accepted until it expires with replay: false', async () => {
    const origin = await start({ plugin: options({ edge: { keys: key.jwk, hosts: [AUTHORITY], replay: false } }) })
    const lines = edgeLines('/me', { cert, token, key })
    expect((await origin.send({ target: '/me', lines })).status).toBe(200)
    expect((await origin.send({ target: '/me', lines })).status).toBe(200)
  })

  it('is refused without room to remember it', async () => {
    const origin = await start({ plugin: options({ edge: { keys: key.jwk, hosts: [AUTHORITY], maxRemembered: 1 } }) })
    expect((await origin.get('/me')).status).toBe(200)
    expectRefusal(
      origin,
      await origin.get('/me'),
      'CSN_REPLAY_STORE_UNAVAILABLE',
      'the memory of nonces is full (edge.maxRemembered)',
    )
  })

  it('is believed without an edge signature only with edge: null', async () => {
    const origin = await start({ plugin: options({ edge: null }) })
    expect((await origin.get('/me', { key: null })).status).toBe(200)
  })

  it('needs no Access token only with access: null, and has no identity then', async () => {
    const origin = await start({ plugin: options({ access: null }) })
    const { token: _none, ...without } = { cert, key, token }
    const lines = edgeLines('/me', without)
    const answer = await origin.send({ target: '/me', lines })
    expect([answer.status, answer.json().access]).toEqual([200, null])
    const strict = await start()
    expectRefusal(
      strict,
      await strict.send({ target: '/me', lines: edgeLines('/me', without) }),
      'CSN_ACCESS_TOKEN_MISSING',
      'Cf-Access-Jwt-Assertion is missing',
    )
  })

  it('keeps the Access token out of clientCert', async () => {
    const origin = await start({ routes: (app) => app.get('/me', (request) => request.clientCert) })
    const answer = await origin.get('/me')
    expect(answer.json().raw).toMatchObject({ 'x-cert-verify': 'SUCCESS' })
    expect(answer.raw).not.toContain(token)
    expect(answer.json().raw).not.toHaveProperty('cf-access-jwt-assertion')
  })

  it('is refused by Cloudflare’s verdict on the certificate', async () => {
    const origin = await start()
    const failed = { 'x-cert-verify': 'FAILED:self signed certificate' }
    expectRefusal(
      origin,
      await origin.get('/me', { changes: failed }),
      'CSN_CERT_UNVERIFIED',
      /^Cloudflare's verdict is FAILED:self signed certificate \(serial number [0-9A-F]+, SHA-256 [0-9a-f]{64}, subject /,
    )
    expectRefusal(
      origin,
      await origin.get('/me', { changes: { 'x-cert-revoked': '1' } }),
      'CSN_CERT_REVOKED',
      /^Cloudflare lists the certificate as revoked \(serial number [0-9A-F]+, SHA-256 [0-9a-f]{64}, subject /,
    )
    expectRefusal(
      origin,
      await origin.get('/me', { cert: null }),
      'CSN_CERT_MISSING',
      'the client did not present a certificate',
    )
  })

  it('is refused with a repeated line, before or after the genuine one, and with a name that folds into one', async () => {
    const origin = await start()
    const line = (name: string) => [name, 'CN=admin'] as const
    for (const tamper of [
      (lines: ReturnType<typeof edgeLines>) => [line('X-Cert-Subject-DN'), ...lines],
      (lines: ReturnType<typeof edgeLines>) => [...lines, line('x-cert-subject-dn')],
    ]) {
      const answer = await origin.get('/me', { tamper })
      expectRefusal(origin, answer, 'CSN_HEADERS_MALFORMED', 'x-cert-subject-dn is repeated')
    }
    for (const name of ['x_cert_subject_dn', 'X-CERT.SUBJECT-DN', 'cf_cert_subject_dn', 'Client_Cert']) {
      const answer = await origin.get('/me', { tamper: (lines) => [...lines, line(name)] })
      expectRefusal(origin, answer, 'CSN_HEADERS_MALFORMED', `${name.toLowerCase()} is not sent by the edge`)
    }
    const both = await origin.get('/me', { tamper: (lines) => [...lines, line('Cf-Cert-Subject-DN')] })
    expectRefusal(
      origin,
      both,
      'CSN_HEADERS_MALFORMED',
      "cf-cert-subject-dn and x-cert-presented are headers of two sources, 'cf-cert' and 'worker', and this origin reads 'worker'",
    )
  })

  it('is refused outside the certificate’s validity, with any verdict of Cloudflare', async () => {
    const origin = await start()
    const day = 86_400_000
    const past = await ca.issue({ notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) })
    const future = await ca.issue({ notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 2 * day) })
    expectRefusal(origin, await origin.get('/me', { cert: past }), 'CSN_CERT_EXPIRED', /^the certificate expired on /)
    expectRefusal(
      origin,
      await origin.get('/me', { cert: future }),
      'CSN_CERT_EXPIRED',
      /^the certificate is not valid before /,
    )
  })

  it('is refused with another issuer', async () => {
    const origin = await start()
    const other = await (await createCa('CN=Other CA')).issue()
    const answer = await origin.get('/me', { cert: other })
    expectRefusal(
      origin,
      answer,
      'CSN_CERT_UNTRUSTED_ISSUER',
      /^the issuer CN=Other CA is not one of trustedIssuers \(serial number /,
    )
  })
})

describe('access.matches', () => {
  const withMatches = (matches: unknown) =>
    start({
      plugin: options({
        access: { issuer: ISSUER, audience: AUDIENCE, jwks: access.jwks, matches: matches as () => boolean },
      }),
    })

  it('admits with true and nothing else', async () => {
    const seen: unknown[] = []
    const yes = await withMatches((identity: unknown, each: { subject: { CN: string } }) => {
      seen.push(identity, each.subject.CN)
      return true
    })
    expect((await yes.get('/me')).status).toBe(200)
    expect(seen).toMatchObject([{ kind: 'user', email: 'jane@acme.example' }, 'pay-1'])
    for (const value of [false, undefined, 1, 'true', {}, Promise.resolve(true)]) {
      const origin = await withMatches(() => value)
      expectRefusal(
        origin,
        await origin.get('/me'),
        'CSN_CERT_MISMATCH',
        /^access\.matches did not return true \(serial number /,
      )
    }
  })

  it('refuses when it throws, and logs the error without a text as long as a token', async () => {
    const origin = await withMatches(() => {
      throw new RangeError(`bad ${'secret'.repeat(8)}`)
    })
    expectRefusal(
      origin,
      await origin.get('/me'),
      'CSN_CERT_MISMATCH',
      /^access\.matches threw RangeError: "bad \(long text\)" \(serial number /,
      ['secret'],
    )
  })

  it('survives a promise that rejects', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      const origin = await withMatches(() => Promise.reject(new Error('late')))
      expectRefusal(
        origin,
        await origin.get('/me'),
        'CSN_CERT_MISMATCH',
        /^access\.matches did not return true \(serial number /,
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      process.off('unhandledRejection', listen)
    }
    expect(unhandled).toEqual([])
  })
})

describe('everything else', () => {
  it('answers a path that cannot be decoded without falling over', async () => {
    const origin = await start()
    for (const target of ['/%zz', '/me/%', '/%c3%28'])
      expect([400, 401]).toContain((await origin.send({ target })).status)
    expect((await origin.get('/me')).status).toBe(200)
  })

  it('leaves errors of handlers as they are, with the certificate still there', async () => {
    let seen: FastifyRequest | undefined
    const origin = await start({
      routes(app: FastifyInstance) {
        app.addHook('onError', async (request) => {
          seen = request
        })
        app.get('/fails', () => {
          throw new Error('of the handler')
        })
      },
    })
    const answer = await origin.get('/fails')
    expect(answer.status).toBe(500)
    expect(answer.json()).toMatchObject({ message: 'of the handler' })
    expect(seen?.clientCert?.subject.CN).toBe('pay-1')
  })

  it('works with fastify.inject', async () => {
    const { app } = await start()
    const headers = Object.fromEntries(edgeLines('/me', { cert, token, key }))
    const answer = await app.inject({ url: '/me', headers: { ...headers, host: 'origin.example' } })
    expect(answer.statusCode).toBe(200)
  })

  it('gives a service and a certificate identity their kind', async () => {
    const origin = await start()
    const service = await origin.get('/me', { token: await access.token(serviceClaims()) })
    expect(service.json().access).toMatchObject({ kind: 'service', clientId: expect.stringMatching(/\.access$/) })
    const own = await origin.get('/me', { token: await access.token(serviceClaims('pay-1')) })
    expect(own.json().access).toMatchObject({ kind: 'certificate', commonName: 'pay-1' })
    const others = await origin.get('/me', { token: await access.token(serviceClaims('pay-2')) })
    expectRefusal(
      origin,
      others,
      'CSN_CERT_MISMATCH',
      /^the Access token does not match the certificate: common_name \(serial number /,
    )
  })
})

describe('isCountersignError', () => {
  it('knows a refusal from everything that only looks like one', async () => {
    const lookalike = Object.assign(new Error('x'), { code: 'CSN_CERT_MISSING' })
    for (const error of [lookalike, new Error('x'), { code: 'CSN_CERT_MISSING' }, undefined]) {
      expect(isCountersignError(error)).toBe(false)
    }
  })
})
