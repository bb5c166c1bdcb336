import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EDGE_KEY, injectSigned } from '../test/support/inject-signed.ts'
import { countersign } from './plugin.ts'

const PRIVATE = 'private, no-store'

describe('Cache-Control', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = Fastify()
    await app.register(countersign, {
      edge: { keys: EDGE_KEY.jwk, hosts: null },
      access: null,
      trustedIssuers: null,
      policies: { ops: { subject: { OU: 'Ops' } } },
    })
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    app.get('/own', (_request, reply) => reply.header('Cache-Control', 'private, max-age=60').send('own'))
    app.get('/none', (_request, reply) => reply.removeHeader('cache-control').send('none'))
    app.get('/broken', () => {
      throw new Error('a fault of the handler')
    })
    app.get('/public', { config: { clientCert: false } }, () => 'for all')
    app.get(
      '/hooks',
      {
        onRequest: async (_request, reply) => void reply.header('cache-control', 'public, max-age=60'),
        preHandler: app.requireClientCert('ops'),
      },
      () => 'hooks',
    )
  })
  afterAll(() => app.close())

  const signed = async (url: string, change: Parameters<typeof injectSigned>[2] = {}) => {
    const { statusCode, headers } = await injectSigned(app, url, change)
    return [statusCode, headers['cache-control']]
  }

  it('of an answer to a proven client keeps it out of shared caches', async () => {
    expect(await signed('/ops')).toEqual([200, PRIVATE])
    expect(await signed('/ops', { method: 'HEAD' })).toEqual([200, PRIVATE])
  })

  it.each([
    ['by the guard', '/ops', 403],
    ['by a hook, after another hook made the answer public', '/hooks', 403],
    ['of an unknown route', '/nowhere', 404],
    ['by a fault of the handler', '/broken', 500],
  ])('of a refusal %s is the same', async (_what, url, status) => {
    expect(await signed(url, { subject: 'CN=mallory,OU=Dev' })).toEqual([status, PRIVATE])
  })

  it.each(['/ops', '/nowhere'])('of a request without a certificate is the same: %s', async (url) => {
    const { statusCode, headers } = await app.inject(url)
    expect([statusCode, headers['cache-control']]).toEqual([401, PRIVATE])
  })

  it.each([
    ['/own', 'private, max-age=60'],
    ['/hooks', 'public, max-age=60'],
    ['/none', undefined],
  ])('is the choice of the route: %s', async (url, value) => {
    expect(await signed(url)).toEqual([200, value])
  })

  it('of a public route is left alone', async () => {
    expect(await signed('/public')).toEqual([200, undefined])
  })
})
