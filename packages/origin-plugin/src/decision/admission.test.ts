import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify, { type ClientUser, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { injectSigned, SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import { isCountersignError } from '../errors.ts'
import type { AdmittedMessage } from '../events/messages.ts'
import { optional } from '../guards/requirement.ts'
import { countersign } from '../plugin.ts'

const SALES = { subject: 'CN=joe,OU=Sales' }
const STRANGER = { subject: 'CN=stranger,OU=Ops' }

/** An origin that answers each refusal with its handler for unknown paths, and lists the refusals. */
async function start(handler: { readonly config?: object; readonly requires?: 'ops' } = {}) {
  const app = Fastify()
  onTestFinished(() => app.close())
  const refusals: string[] = []
  const asked: (string | undefined)[] = []
  await app.register(countersign, {
    ...SIGNED_ONLY,
    policies: { ops: { subject: { OU: 'Ops' } }, admin: { subject: { OU: 'Admin' } } },
    identify: async ({ subject }) => {
      asked.push(subject.CN)
      return subject.CN === 'stranger' ? null : ({ name: subject.CN } as ClientUser)
    },
  })
  app.setErrorHandler((error, request, reply) => {
    if (!isCountersignError(error)) throw error
    refusals.push(`${error.code} ${request.clientCert?.subject.CN}`)
    reply.callNotFound()
  })
  const show = ({ clientCert, clientUser }: FastifyRequest, reply: FastifyReply) =>
    reply.code(404).send({ name: clientCert?.subject.CN ?? null, clientUser })
  const hooks = handler.requires && { preHandler: app.requireClientCert(handler.requires) }
  app.setNotFoundHandler({ ...hooks, ...(handler.config && { config: handler.config }) } as object, show)
  app.get('/me', () => 'in')
  app.get('/gone', (_, reply) => void reply.callNotFound())
  app.get('/admin', { config: { clientCert: 'admin' } }, () => 'in')
  app.get('/hook', { preHandler: app.requireClientCert('admin') }, () => 'in')
  return { app, refusals, asked }
}

/** Sends the same request twice. */
async function twice(app: FastifyInstance, url: string, changes?: Parameters<typeof injectSigned>[2]) {
  const first = await injectSigned(app, url, changes)
  const headers = first.raw.req.headers as Record<string, string>
  return [first.json(), (await app.inject({ url, headers })).json()]
}

describe('the handler for unknown paths, called by the error handler after a refusal', () => {
  const nobody = { name: null, clientUser: null }

  it.each<[string, object]>([
    ['without a requirement', {}],
    ['for everybody', { config: { clientCert: false } }],
  ])('%s gets no identity', async (_, handler) => {
    const { app, refusals } = await start(handler)
    expect(await twice(app, '/admin')).toEqual([nobody, nobody])
    expect((await injectSigned(app, '/me', STRANGER)).json()).toEqual(nobody)
    expect((await app.inject('/me')).json()).toEqual(nobody)
    // The error handler reads the certificate that the guard refused.
    expect(refusals).toEqual([
      'CSN_CERT_FORBIDDEN pay-1',
      'CSN_CERT_FORBIDDEN pay-1',
      'CSN_USER_UNKNOWN stranger',
      'CSN_SIGNATURE_MISSING undefined',
    ])
  })

  it.each([true, 'ops', optional('ops')])('with the requirement %j admits the request first', async (clientCert) => {
    const { app, asked } = await start({ config: { clientCert } })
    expect(await twice(app, '/admin')).toEqual([
      { name: 'pay-1', clientUser: { name: 'pay-1' } },
      expect.objectContaining({ code: 'CSN_SIGNATURE_REPLAYED' }),
    ])
    expect(asked).toEqual(['pay-1'])
    expect((await injectSigned(app, '/me', STRANGER)).json()).toMatchObject({ code: 'CSN_USER_UNKNOWN' })
    expect((await app.inject('/me')).json()).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
  })

  it('with a requirement refuses others', async () => {
    const { app } = await start({ config: { clientCert: 'ops' } })
    expect((await injectSigned(app, '/admin', SALES)).json()).toMatchObject({ code: 'CSN_CERT_FORBIDDEN' })
  })

  it('with a requirement in a hook refuses a request that no route has admitted', async () => {
    const { app, refusals } = await start({ requires: 'ops' })
    expect((await injectSigned(app, '/none')).json()).toMatchObject({ name: 'pay-1' })
    for (const answer of await twice(app, '/admin')) expect(answer).toMatchObject({ code: 'CSN_CERT_MISSING' })
    expect((await injectSigned(app, '/me', STRANGER)).json()).toMatchObject({ code: 'CSN_CERT_MISSING' })
    expect(refusals.length).toBe(3)
  })

  it('keeps the identity of a request that the route admitted, and a hook refused', async () => {
    for (const handler of [{}, { config: { clientCert: 'ops' } }, { requires: 'ops' } as const]) {
      const { app, asked } = await start(handler)
      expect((await injectSigned(app, '/hook')).json()).toEqual({ name: 'pay-1', clientUser: { name: 'pay-1' } })
      expect(asked).toEqual(['pay-1'])
    }
  })
})

describe('the handler for unknown paths, called by a route', () => {
  it('gets the identity that the route admitted, and the request is announced once', async () => {
    const { app, asked } = await start({ config: { clientCert: 'ops' } })
    const admitted: unknown[] = []
    const listen = (message: unknown) => {
      const { request, route } = message as AdmittedMessage
      if (request.server.server === app.server) admitted.push(route)
    }
    subscribe('countersign:admitted', listen)
    onTestFinished(() => void unsubscribe('countersign:admitted', listen))
    expect((await injectSigned(app, '/gone')).json()).toEqual({ name: 'pay-1', clientUser: { name: 'pay-1' } })
    expect([admitted, asked]).toEqual([['/gone'], ['pay-1']])
  })
})

describe('app.requireClientCert', () => {
  it('refuses in an error handler after the guard has refused', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(countersign, {
      ...SIGNED_ONLY,
    })
    const requireAny = app.requireClientCert(true)
    const reasons: unknown[] = []
    app.setErrorHandler(async (_error, request, reply) => {
      const refusal = await requireAny(request, reply).catch((error) => error)
      reasons.push(refusal?.code, refusal?.reason)
      return reply.code(404).send()
    })
    app.get('/', { config: { clientCert: { subject: { OU: 'Admin' } } } }, () => 'in')
    await injectSigned(app, '/')
    expect(reasons).toEqual([
      'CSN_CERT_MISSING',
      'the request was refused before, so its certificate does not count as verified',
    ])
  })
})
