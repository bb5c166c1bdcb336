import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify, { type ClientUser, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY } from '../../test/support/edge-lines.ts'
import { EDGE_KEY, injectSigned } from '../../test/support/inject-signed.ts'
import type { RefusedMessage } from '../events/messages.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { type ClientCertHook, countersign } from '../plugin.ts'

const EDGE = { keys: EDGE_KEY.jwk, hosts: [AUTHORITY] }
const MALLORY = { subject: 'CN=mallory' }

/** An application in report mode, with the refusals that it publishes. */
async function start(changes: Partial<CountersignPluginOptions> = {}) {
  const app = Fastify() as FastifyInstance
  const refused: RefusedMessage[] = []
  const listen = (message: unknown) => {
    const refusal = message as RefusedMessage
    if (refusal.request.server.server === app.server) refused.push(refusal)
  }
  subscribe('countersign:refused', listen)
  onTestFinished(() => {
    unsubscribe('countersign:refused', listen)
    return app.close()
  })
  await app.register(countersign, {
    edge: EDGE,
    access: null,
    trustedIssuers: null,
    policies: { ops: { subject: { OU: 'Ops' } }, sales: { subject: { OU: 'Sales' } } },
    mode: 'report',
    ...changes,
  })
  /** Each refusal as its code, with a mark where it was enforced. */
  const codes = () => refused.splice(0).map(({ code, enforced }) => `${code}${enforced ? '!' : ''}`)
  return { app, codes, refused }
}

const show = ({ clientCert, access, clientUser }: FastifyRequest) => ({
  name: clientCert?.subject.CN ?? null,
  access,
  clientUser,
})
const showUnknown = (request: FastifyRequest, reply: FastifyReply) => reply.code(404).send(show(request))
const NOBODY = { name: null, access: null, clientUser: null }

/** Sends the same signed request twice, and answers with both bodies. */
async function twice(app: FastifyInstance, url: string, changes?: Parameters<typeof injectSigned>[2]) {
  const first = await injectSigned(app, url, changes)
  const again = await app.inject({ url, headers: first.raw.req.headers as Record<string, string> })
  return [first.json(), again.json()]
}

/** A store that several processes could share. */
function storeOf(spent = new Set<string>()) {
  return { spend: async (nonce: string) => !spent.has(nonce) && spent.add(nonce) === spent }
}

describe('a replay in report mode', () => {
  it.each<[string, Partial<CountersignPluginOptions>]>([
    ['the memory', {}],
    ['a store', { edge: { ...EDGE, replay: storeOf() } }],
  ])('has no identity if the guard refuses it, with %s, and is one refusal', async (_, changes) => {
    const { app, codes } = await start(changes)
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    expect(await twice(app, '/ops', MALLORY)).toEqual([{ ...NOBODY, name: 'mallory' }, NOBODY])
    expect(codes()).toEqual(['CSN_CERT_FORBIDDEN', 'CSN_CERT_FORBIDDEN'])
  })

  it('has none for a hook, for identify, or elsewhere', async () => {
    const { app, codes } = await start({ identify: () => null })
    app.get('/hook', { preHandler: app.requireClientCert('ops') }, show)
    expect(await twice(app, '/hook', MALLORY)).toEqual([{ ...NOBODY, name: 'mallory' }, NOBODY])
    expect(codes()).toEqual(['CSN_USER_UNKNOWN', 'CSN_SIGNATURE_REPLAYED'])
  })

  it('has none on a route that enforces, and spends no nonce there', async () => {
    const { app, codes } = await start({ routes: [{ url: '/ops', mode: 'enforce' }] })
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    for (const { statusCode } of await twice(app, '/ops', MALLORY)) expect(statusCode).toBe(403)
    expect(codes()).toEqual(['CSN_CERT_FORBIDDEN!', 'CSN_CERT_FORBIDDEN!'])
  })

  it.each([
    ['the store fails', { ...EDGE, replay: { spend: () => Promise.reject(new Error('down')) } }],
    ['the memory is full', { ...EDGE, maxRemembered: 1 }],
  ])('cannot be told apart if %s, so no request of a refused client has an identity', async (_, edge) => {
    const { app, codes } = await start({
      edge: 'replay' in edge ? { ...edge, onStoreUnavailable: 'refuse', replay: failsAfter(edge.replay) } : edge,
    })
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    await injectSigned(app, '/ops')
    expect((await injectSigned(app, '/ops', MALLORY)).json()).toEqual(NOBODY)
    expect(codes().at(-1)).toBe('CSN_CERT_FORBIDDEN')
  })
})

/** A store that works until the first nonce of a request is spent. */
function failsAfter({ spend }: { spend: () => Promise<boolean> }) {
  const store = storeOf()
  let calls = 0
  // Two calls are the check at the start.
  return { spend: (nonce: string) => (++calls <= 3 ? store.spend(nonce) : spend()) }
}

describe('a handler for unknown paths', () => {
  it('enforces although the route that calls it is in report mode', async () => {
    const { app, codes } = await start({ mode: 'enforce', routes: [{ url: '/old', mode: 'report' }] })
    app.setNotFoundHandler({ config: { clientCert: 'ops' } } as object, showUnknown)
    app.get('/old', (_, reply) => void reply.callNotFound())
    const answers = [await app.inject('/old'), await injectSigned(app, '/old', MALLORY)]
    expect(answers.map(({ statusCode, headers }) => [statusCode, headers['countersign-not-enforced']])).toEqual([
      [401, undefined],
      [403, undefined],
    ])
    expect((await injectSigned(app, '/old')).json()).toMatchObject({ name: 'pay-1' })
    expect(codes()).toEqual(['CSN_SIGNATURE_MISSING', 'CSN_SIGNATURE_MISSING!', 'CSN_CERT_FORBIDDEN!'])
  })

  it('gets no identity of a request that a route in report mode would refuse, if it enforces itself', async () => {
    const { app } = await start({ mode: 'enforce', routes: [{ url: '/old', clientCert: 'ops', mode: 'report' }] })
    app.setNotFoundHandler(showUnknown)
    app.get('/old', (_, reply) => void reply.callNotFound())
    expect((await injectSigned(app, '/old', MALLORY)).json()).toEqual(NOBODY)
    expect((await injectSigned(app, '/old')).json()).toMatchObject({ name: 'pay-1' })
  })

  it('has the mode of a rule for its prefix', async () => {
    const { app, codes } = await start({ routes: [{ url: '/admin/*', mode: 'enforce' }] })
    app.setNotFoundHandler(showUnknown)
    await app.register(async (scope) => scope.setNotFoundHandler(showUnknown), { prefix: '/admin' })
    expect((await app.inject('/admin/page')).statusCode).toBe(401)
    expect((await app.inject('/page')).json()).toEqual(NOBODY)
    expect(codes()).toEqual(['CSN_SIGNATURE_MISSING!', 'CSN_SIGNATURE_MISSING'])
  })

  it('has the mode of its own prefix, although scopes with a longer one have no other handler', async () => {
    const { app, codes } = await start({ routes: [{ url: '/admin/users/*', mode: 'enforce' }] })
    await app.register(
      async (scope) => {
        scope.setNotFoundHandler(showUnknown)
        await scope.register(async (users) => users.get('/x', show), { prefix: '/users' })
      },
      { prefix: '/admin' },
    )
    expect((await app.inject('/admin/page')).json()).toEqual(NOBODY)
    expect((await app.inject('/admin/users/x')).statusCode).toBe(401)
    expect(codes()).toEqual(['CSN_SIGNATURE_MISSING', 'CSN_SIGNATURE_MISSING!'])
  })

  it('gets the identity of a request that its route lets pass, but not outside of the scope', async () => {
    const { app } = await start()
    app.setNotFoundHandler(showUnknown)
    app.get('/gone', { config: { clientCert: 'ops' } }, (_, reply) => void reply.callNotFound())
    expect((await injectSigned(app, '/gone', MALLORY)).json()).toEqual({ ...NOBODY, name: 'mallory' })

    const around = Fastify()
    onTestFinished(() => around.close())
    around.setNotFoundHandler({ config: { clientCert: false } } as object, showUnknown)
    await around.register(
      async (scope) => {
        await scope.register(countersign, { edge: EDGE, access: null, trustedIssuers: null, mode: 'report' })
        const config = { clientCert: { subject: { OU: 'Ops' } } }
        scope.get('/gone', { config }, (_, reply) => void reply.callNotFound())
      },
      { prefix: '/api' },
    )
    expect((await injectSigned(around, '/api/gone', MALLORY)).json()).toEqual(NOBODY)
  })

  it('lets a request pass that enforcement would refuse, and gives it the proven certificate', async () => {
    const { app, codes } = await start()
    app.setNotFoundHandler({ config: { clientCert: 'ops' } } as object, showUnknown)
    expect((await injectSigned(app, '/none', MALLORY)).json()).toEqual({ ...NOBODY, name: 'mallory' })
    expect((await app.inject('/none')).json()).toEqual(NOBODY)
    expect(codes()).toEqual(['CSN_CERT_FORBIDDEN', 'CSN_SIGNATURE_MISSING'])
  })
})

describe('a hook of app.requireClientCert', () => {
  it('refuses in a list although it is a hook of the route too', async () => {
    const { app, codes } = await start()
    const hook = app.requireClientCert('ops')
    const list: ClientCertHook = async (request, reply) => hook(request, reply)
    app.get('/both', { onRequest: hook, preHandler: list }, show)
    expect((await injectSigned(app, '/both', MALLORY)).statusCode).toBe(401)
    expect(codes()).toEqual(['CSN_CERT_FORBIDDEN', 'CSN_CERT_MISSING!'])
  })

  it('leaves the identity to the handler if another login admits the request', async () => {
    const { app } = await start()
    const hook = app.requireClientCert('sales')
    const either: ClientCertHook = (request, reply) => hook(request, reply).catch(() => {})
    app.get('/either', { config: { clientCert: 'ops' }, preHandler: either }, show)
    expect((await injectSigned(app, '/either', MALLORY)).json()).toMatchObject({ name: 'mallory' })
  })

  it('admits nobody in a list whose route was refused, even with the certificate that it requires', async () => {
    const { app, codes } = await start()
    const hook = app.requireClientCert('sales')
    const list: ClientCertHook = async (request, reply) => hook(request, reply)
    app.get('/either', { config: { clientCert: 'ops' }, preHandler: list }, show)
    expect((await injectSigned(app, '/either', { subject: 'CN=joe,OU=Sales' })).statusCode).toBe(401)
    expect(codes()).toEqual(['CSN_CERT_FORBIDDEN', 'CSN_CERT_MISSING!'])
  })

  it('refuses on a public route below a rule that enforces', async () => {
    const { app, codes } = await start({ routes: [{ url: '/admin/*', mode: 'enforce' }] })
    const options = { config: { clientCert: false as const }, preHandler: app.requireClientCert('ops') }
    app.get('/admin/public', options, show)
    app.get('/admin/users', show)
    app.get('/public', options, show)
    expect((await injectSigned(app, '/admin/public')).statusCode).toBe(401)
    expect((await injectSigned(app, '/public')).json()).toEqual(NOBODY)
    expect(codes()).toEqual(['CSN_CERT_MISSING!', 'CSN_CERT_MISSING'])
  })

  it('refuses on a route outside of the scope of the plugin', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    let hook: ClientCertHook | undefined
    await app.register(async (scope) => {
      await scope.register(countersign, { edge: EDGE, access: null, trustedIssuers: null, mode: 'report' })
      scope.get('/in', show)
      hook = scope.requireClientCert(true)
    })
    app.get('/out', { preHandler: hook as ClientCertHook }, show)
    expect((await injectSigned(app, '/out')).json()).toMatchObject({ statusCode: 401, code: 'CSN_CERT_MISSING' })
  })

  it('has the mode of its route, not that of its maker', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    const hooks: ClientCertHook[] = []
    for (const mode of ['report', 'enforce'] as const) {
      await app.register(
        async (scope) => {
          await scope.register(countersign, { edge: EDGE, access: null, trustedIssuers: null, mode })
          hooks.push(scope.requireClientCert({ subject: { OU: 'Ops' } }))
          scope.setNotFoundHandler(showUnknown)
          for (const [at, hook] of hooks.entries()) scope.get(`/${at}`, { preHandler: hook }, show)
          scope.get('/public', { config: { clientCert: false }, preHandler: hooks[0] as ClientCertHook }, show)
        },
        { prefix: `/${mode}` },
      )
    }
    const statuses = ['/report/0', '/report/public', '/enforce/0', '/enforce/1', '/enforce/public'].map(
      async (url) => (await injectSigned(app, url, MALLORY)).statusCode,
    )
    expect(await Promise.all(statuses)).toEqual([200, 200, 403, 403, 401])
  })
})

describe('a request in report mode', () => {
  it('is answered by OPTIONS, an optional route, a stream, a hijacked reply and an error handler', async () => {
    const { app, codes } = await start()
    app.options('/cors', { config: { clientCert: false } }, () => 'cors')
    app.options('/options', show)
    app.get('/hijacked', (_, reply) => {
      reply.hijack()
      reply.raw.end('raw')
    })
    app.get('/fails', () => {
      throw new Error('own')
    })
    app.setErrorHandler((error: Error, request, reply) =>
      reply.code(500).send({ own: error.message, ...show(request) }),
    )
    expect((await app.inject({ method: 'OPTIONS', url: '/options' })).statusCode).toBe(200)
    expect((await app.inject('/hijacked')).payload).toBe('raw')
    expect((await app.inject('/fails')).json()).toEqual({ own: 'own', ...NOBODY })
    expect(codes()).toEqual(['CSN_SIGNATURE_MISSING', 'CSN_SIGNATURE_MISSING', 'CSN_SIGNATURE_MISSING'])
  })

  it('has a user only if it would be admitted', async () => {
    const { app } = await start({ identify: ({ subject }) => ({ name: subject.CN }) as ClientUser })
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    expect((await injectSigned(app, '/ops')).json()).toMatchObject({ name: 'pay-1', clientUser: { name: 'pay-1' } })
    expect((await injectSigned(app, '/ops', MALLORY)).json()).toEqual({ ...NOBODY, name: 'mallory' })
  })

  it('is decided alike, whatever a subscriber does to the message', async () => {
    const { app, refused } = await start({ routes: [{ url: '/ops', mode: 'enforce' }] })
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    app.get('/me', show)
    const change = (message: unknown) =>
      void Object.assign(message as object, { enforced: false, clientCert: null, code: 'NONE', statusCode: 200 })
    subscribe('countersign:refused', change)
    onTestFinished(() => void unsubscribe('countersign:refused', change))
    const answer = await injectSigned(app, '/ops', MALLORY)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    expect(refused).toMatchObject([{ code: 'NONE' }])
  })
})

describe('the mode', () => {
  it('is the same for both urls of a route that answers two', async () => {
    const { app } = await start({
      routes: [
        { url: '/docs', mode: 'report' },
        { url: '/docs/*', mode: 'enforce' },
      ],
    })
    await app.register(
      async (scope) => {
        scope.get('/', show)
        scope.get('/page', show)
      },
      { prefix: '/docs' },
    )
    await expect(app.ready()).rejects.toThrow(
      new TypeError(
        'routes gives GET /docs another mode than /docs/, which the same route answers; write one mode for both urls',
      ),
    )
  })

  it.each(['Report', '', null, true, 'off'])('cannot be %j', async (mode) => {
    const expected = 'mode must be "enforce" or "report"'
    await expect(start({ mode: mode as never })).rejects.toThrow(new TypeError(expected))
    await expect(start({ routes: [{ url: '/x', mode: mode as never }] })).rejects.toThrow(
      new TypeError(`routes[0].${expected}`),
    )
  })

  it('cannot come from an unset variable, or be that of public routes', async () => {
    await expect(start({ mode: undefined as never })).rejects.toThrow('option "mode" is undefined')
    const { app } = await start({ routes: [{ url: '/public', mode: 'enforce' }] })
    app.get('/public', { config: { clientCert: false } }, show)
    await expect(app.ready()).rejects.toThrow('routes[0] covers no route; ')
  })
})
