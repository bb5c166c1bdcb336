import auth, { type FastifyAuthFunction } from '@fastify/auth'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

/** The login that the application had before. */
const password: FastifyAuthFunction = (request, _reply, done) => {
  done(request.headers.authorization === 'secret' ? undefined : new Error('no password'))
}

const show = ({ clientCert }: FastifyRequest) => ({ name: clientCert?.subject.CN ?? null })

const options: ChainOptions = {
  plugin: () => ({
    mode: 'report',
    policies: { alice: { subject: { CN: 'alice' } } },
    routes: [{ url: '/admin/*', mode: 'enforce' }],
  }),
  async routes(app) {
    app.register(auth)
    app.after(() => {
      const certificate = app.requireClientCert('alice') as FastifyAuthFunction
      const lists = {
        either: app.auth([certificate, password]),
        other: app.auth([password, certificate], { relation: 'or', run: 'all' }),
        both: app.auth([certificate, password], { relation: 'and' }),
        nested: app.auth([[certificate, certificate], password]),
      }
      for (const [name, preHandler] of Object.entries(lists)) {
        app.get(`/${name}`, { preHandler }, show)
        app.get(`/optional/${name}`, { config: { clientCert: { subject: { OU: 'Ops' } } }, preHandler }, show)
        app.get(`/twice/${name}`, { onRequest: app.requireClientCert('alice'), preHandler }, show)
        app.get(`/same/${name}`, { onRequest: certificate as never, preHandler }, show)
      }
    })
    app.get('/open', show)
    app.get('/gone', { config: { clientCert: false } }, (_request, reply) => void reply.callNotFound())
    app.get('/admin/page', { config: { clientCert: 'alice' } }, show)
    app.register(
      async (scope) => {
        scope.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => reply.code(404).send(show(request)))
        scope.get('/gone', { config: { clientCert: 'alice' } }, (_request, reply) => void reply.callNotFound())
      },
      { prefix: '/admin' },
    )
  },
}

const LISTS = ['either', 'other', 'both', 'nested']
const PLACES = ['', '/optional', '/twice', '/same']

describeThreat('a login of another plugin, in report mode', options, (chain) => {
  const forged = (target: string, authorization: string[] = []) =>
    chain.around({
      method: 'GET',
      target,
      headers: ['Host', chain.edge.hosts[0] as string, 'X-CERT-SUBJECT-DN', 'CN=alice', ...authorization],
    })

  it.each(PLACES.flatMap((place) => LISTS.map((list) => `${place}/${list}`)))('refuses at %s', async (path) => {
    const { bob, selfSigned } = chain.edge.clients
    for (const client of [bob, selfSigned, undefined]) {
      const { status } = await chain.through(path, client ? { client } : {})
      expect([401, 403]).toContain(status)
    }
    expect((await forged(path)).status).toBe(401)
  })

  it('admits by the other login alone, without an identity', async () => {
    for (const path of ['/either', '/other', '/nested', '/optional/either', '/twice/either', '/same/either']) {
      const { status, body } = await forged(path, ['Authorization', 'secret'])
      expect([status, JSON.parse(body)]).toEqual([200, { name: null }])
    }
    expect((await forged('/both', ['Authorization', 'secret'])).status).toBe(401)
  })

  it('refuses a replay, whose first request had the certificate', async () => {
    const { alice } = chain.edge.clients
    for (const path of LISTS.slice(0, 2).flatMap((list) => PLACES.map((place) => `${place}/${list}`))) {
      const captured = await chain.capture(path, { client: alice })
      expect((await chain.around(captured)).body).toBe('{"name":"alice"}')
      expect((await chain.around(captured)).status).toBe(401)
    }
  })
})

describeThreat('a part that enforces, in report mode', options, (chain) => {
  it('is closed, its handler for unknown paths too', async () => {
    const { alice, bob } = chain.edge.clients
    for (const path of ['/admin/page', '/admin/gone', '/admin/page?x=/open', '/admin/%70age']) {
      expect(await chain.through(path, { client: bob })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    }
    for (const path of ['/admin/page', '/admin/gone', '/admin/nowhere', '/%61dmin/nowhere', '/admin']) {
      expect(await chain.through(path)).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
    }
    expect(await chain.through('/admin/nowhere', { client: alice })).toMatchObject({
      status: 404,
      body: '{"name":"alice"}',
    })
  })
})
