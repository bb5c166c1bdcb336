import Fastify, { type ClientUser, type FastifyInstance, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY, appendSignature } from '../test/support/edge-lines.ts'
import { noCertificateLines } from '../test/support/header-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { clientUserOf } from './client-user/client-user.ts'
import { optional } from './guards/requirement.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

/** An origin that knows every client but those of the unit Sales, with the common names that it asked for. */
async function start(changes: Partial<CountersignPluginOptions> = {}) {
  const asked: (string | undefined)[] = []
  const app = Fastify() as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, {
    ...SIGNED_ONLY,
    policies: { ops: { subject: { OU: 'Ops' } } },
    identify: async ({ subject }) => {
      asked.push(subject.CN)
      if (subject.CN === 'broken') throw new Error('the database is down')
      return subject.OU === 'Sales' ? null : ({ name: subject.CN } as ClientUser)
    },
    ...changes,
  })
  const show = ({ clientUser }: FastifyRequest) => ({ clientUser })
  app.get('/me', show)
  app.get('/ops', { config: { clientCert: 'ops' } }, show)
  app.get('/public', { config: { clientCert: false } }, show)
  app.get('/login', { config: { clientCert: optional() } }, show)
  app.get('/hook', { preHandler: app.requireClientCert('ops') }, show)
  app.get('/user', (request) => clientUserOf(request))
  app.get('/file', { config: { clientCert: false } }, (_, reply) => void reply.callNotFound())
  return { app, asked }
}

const headersOf = (url: string) => {
  const lines = appendSignature(noCertificateLines(), EDGE_KEY, { target: url })
  return { host: AUTHORITY, ...Object.fromEntries(lines) }
}

describe('request.clientUser', () => {
  it('is the user that identify returns', async () => {
    const { app, asked } = await start()
    for (const url of ['/me', '/me', '/ops', '/hook']) {
      expect((await injectSigned(app, url)).json()).toEqual({ clientUser: { name: 'pay-1' } })
    }
    expect((await injectSigned(app, '/user')).json()).toEqual({ name: 'pay-1' })
    expect(asked).toEqual(['pay-1'])
  })

  it('is null without identify, on a public route, and without a certificate', async () => {
    const { app, asked } = await start()
    expect((await injectSigned(app, '/public')).json()).toEqual({ clientUser: null })
    expect((await app.inject({ url: '/login', headers: headersOf('/login') })).json()).toEqual({ clientUser: null })
    expect(asked).toEqual([])
    expect((await injectSigned(app, '/login')).json()).toEqual({ clientUser: { name: 'pay-1' } })
    const plain = Fastify()
    onTestFinished(() => plain.close())
    const edge = { keys: EDGE_KEY.jwk, hosts: null }
    await plain.register(countersign, { edge, access: null, trustedIssuers: null })
    plain.get('/me', ({ clientUser }) => ({ clientUser }))
    expect((await injectSigned(plain, '/me')).json()).toEqual({ clientUser: null })
  })

  it('is found for a 404 too, also if a public route calls its handler', async () => {
    const { app, asked } = await start()
    app.setNotFoundHandler({ config: { clientCert: true } } as object, ({ clientUser }) => ({ clientUser }))
    expect((await injectSigned(app, '/nowhere')).json()).toEqual({ clientUser: { name: 'pay-1' } })
    expect((await injectSigned(app, '/file')).json()).toEqual({ clientUser: { name: 'pay-1' } })
    expect((await app.inject('/file')).json()).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
    expect(asked).toEqual(['pay-1'])
  })
})

describe('identify', () => {
  it('refuses a client that is unknown, and one that it fails for', async () => {
    const { app } = await start()
    const seen: unknown[] = []
    app.setErrorHandler((error, { clientCert, clientUser }, reply) => {
      seen.push([clientCert?.subject.CN, clientUser])
      reply.send(error)
    })
    app.get('/later', () => 'in')
    const unknown = await injectSigned(app, '/later', { subject: 'CN=joe,OU=Sales' })
    expect(unknown.json()).toEqual({
      statusCode: 403,
      code: 'CSN_USER_UNKNOWN',
      error: 'Forbidden',
      message: 'The client is not a user of this application',
    })
    const failed = await injectSigned(app, '/later', { subject: 'CN=broken' })
    expect(failed.json()).toEqual({
      statusCode: 503,
      code: 'CSN_IDENTIFY_UNAVAILABLE',
      error: 'Service Unavailable',
      message: 'The user of the client cannot be looked up',
    })
    expect(failed.headers['cache-control']).toBe('private, no-store')
    // The identity is proven.
    expect(seen).toEqual([
      ['joe', null],
      ['broken', null],
    ])
  })

  it('is not called for a request that is refused', async () => {
    const { app, asked } = await start()
    expect((await app.inject('/me')).statusCode).toBe(401)
    expect((await injectSigned(app, '/ops', { subject: 'CN=x,OU=Dev' })).statusCode).toBe(403)
    expect((await app.inject({ url: '/me', headers: headersOf('/me') })).statusCode).toBe(401)
    expect(asked).toEqual([])
  })

  it('is not called for a replay, even with an empty memory of users', async () => {
    const { app, asked } = await start({
      identify: {
        user: async ({ subject }) => {
          asked.push(subject.CN)
          return { name: subject.CN } as ClientUser
        },
        maxAge: 0,
      },
    })
    const first = await injectSigned(app, '/me')
    expect(first.statusCode).toBe(200)
    const headers = first.raw.req.headers as Record<string, string>
    expect((await app.inject({ url: '/me', headers })).json().code).toBe('CSN_SIGNATURE_REPLAYED')
    expect(asked).toEqual(['pay-1'])
  })
})
