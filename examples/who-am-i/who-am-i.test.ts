import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { whoAmI } from './who-am-i.ts'

const edge = await createTestEdge()
const BROWSER = { accept: 'text/html,*/*;q=0.8' }

let app: FastifyInstance
afterEach(() => app.close())

/** An origin whose routes are declared before or after the page. */
async function buildApp(order: 'before' | 'after'): Promise<void> {
  app = Fastify()
  const declareRoute = () => app.get('/me', () => ({ ok: true }))
  await app.register(countersign, edge.options)
  if (order === 'before') declareRoute()
  await app.register(whoAmI, edge.options)
  if (order === 'after') declareRoute()
}

describe('whoAmI', () => {
  it('requires countersign before it', async () => {
    app = Fastify()
    await expect(async () => await app.register(whoAmI, edge.options)).rejects.toThrow(/@countersign\/origin-plugin/)
  })

  it.each(['before', 'after'] as const)('has a page for refusals of a route declared %s it', async (order) => {
    await buildApp(order)
    const response = await app.inject({ url: '/me', headers: BROWSER })
    expect(response.statusCode).toBe(401)
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(response.headers['content-length']).toBe(String(Buffer.byteLength(response.body)))
    expect(response.body).toContain('<code>CSN_SIGNATURE_MISSING</code>')
  })

  it('leaves programs to the error handler of the application', async () => {
    app = Fastify()
    app.setErrorHandler((error: { code?: string }, _request, reply) => reply.code(401).send({ mine: error.code }))
    await app.register(countersign, edge.options)
    await app.register(whoAmI, edge.options)
    const response = await app.inject('/')
    expect(response.headers['vary']).toBe('Accept')
    expect(response.json()).toEqual({ mine: 'CSN_SIGNATURE_MISSING' })
  })

  it('shows no identity in report mode to a client that enforcement would refuse', async () => {
    app = Fastify()
    await app.register(countersign, {
      ...edge.options,
      mode: 'report',
      identify: ({ subject }) => (subject.CN === 'in' ? {} : null),
    })
    await app.register(whoAmI, edge.options)
    const ask = async (cert: { subject: string } | null) => {
      const url = '/'
      const { statusCode, body } = await app.inject({
        url,
        headers: { ...(await edge.headers({ url, cert })), ...BROWSER },
      })
      return [
        statusCode,
        /<title>(.*) ·/.exec(body)?.[1],
        body.includes('any verified certificate (not enforced)'),
        body.includes('chain'),
      ]
    }
    app.get('/me', () => 'me')
    expect(await ask(null)).toEqual([200, 'Report mode (CSN_CERT_MISSING)', false, false])
    expect(await ask({ subject: 'CN=out' })).toEqual([200, 'Report mode (CSN_USER_UNKNOWN)', false, false])
    expect(await ask({ subject: 'CN=in' })).toEqual([200, 'in', true, true])
  })
})
