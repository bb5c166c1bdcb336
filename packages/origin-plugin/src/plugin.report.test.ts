import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { clientCertOf } from './client-cert.ts'
import type { RefusedMessage } from './events/messages.ts'
import type { CountersignPluginOptions } from './options.ts'
import { type ClientCertHook, countersign } from './plugin.ts'

/** An application that refuses nobody yet, with the lines of its log and the refusals that it publishes. */
async function start(changes: Partial<CountersignPluginOptions> = {}) {
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    logger: { level: 'info', stream: lineStream((line) => lines.push(JSON.parse(line))) },
  }) as never as FastifyInstance
  const refused: [string, string | undefined, boolean][] = []
  const listen = (message: unknown) => {
    const { code, route, enforced } = message as RefusedMessage
    refused.push([code, route, enforced])
  }
  subscribe('countersign:refused', listen)
  onTestFinished(() => {
    unsubscribe('countersign:refused', listen)
    return app.close()
  })
  await app.register(countersign, {
    ...SIGNED_ONLY,
    policies: { ops: { subject: { OU: 'Ops' } } },
    mode: 'report',
    ...changes,
  })
  return { app, lines, refused }
}

const show = ({ clientCert }: FastifyRequest) => ({ name: clientCert?.subject.CN ?? null })

describe('report mode', () => {
  it('lets every request pass, with the certificate that is proven', async () => {
    const { app, refused } = await start()
    app.get('/me', show)
    app.get('/ops', { config: { clientCert: 'ops' } }, show)
    app.get('/public', { config: { clientCert: false } }, show)
    const answers = [
      await injectSigned(app, '/me'),
      await app.inject('/me'),
      await injectSigned(app, '/ops', { subject: 'CN=mallory' }),
      await app.inject('/public'),
    ]
    expect(answers.map((answer) => [answer.json(), answer.headers['countersign-not-enforced']])).toEqual([
      [{ name: 'pay-1' }, undefined],
      [{ name: null }, 'CSN_SIGNATURE_MISSING'],
      [{ name: 'mallory' }, 'CSN_CERT_FORBIDDEN'],
      [{ name: null }, undefined],
    ])
    expect(refused).toEqual([
      ['CSN_SIGNATURE_MISSING', '/me', false],
      ['CSN_CERT_FORBIDDEN', '/ops', false],
    ])
  })

  it('is loud at the start, in the log and in the list of routes', async () => {
    const { app, lines } = await start()
    app.get('/me', show)
    await app.inject('/me')
    expect(app.clientCertRoutes()[0]).toMatchObject({ url: '/me', enforced: false })
    expect(app.countersignHealth().mode).toBe('report')
    const warnings = lines.filter(({ level }) => level === 40)
    expect(warnings).toEqual([
      expect.objectContaining({
        msg: expect.stringMatching(
          /^countersign: mode is "report", so no request is refused but by rules with mode "enforce", /,
        ),
      }),
      expect.objectContaining({
        msg: 'countersign: request would be refused',
        code: 'CSN_SIGNATURE_MISSING',
        statusCode: 401,
        reason: 'Signature-Input is missing',
        enforced: false,
      }),
    ])
  })

  it('forgets the identity of a replayed request', async () => {
    const { app, refused } = await start()
    app.get('/me', show)
    const { raw } = await injectSigned(app, '/me')
    const again = await app.inject({ url: '/me', headers: raw.req.headers })
    expect([again.json(), refused]).toEqual([{ name: null }, [['CSN_SIGNATURE_REPLAYED', '/me', false]]])
  })

  it('answers unknown paths as before', async () => {
    const { app, refused } = await start()
    app.setNotFoundHandler({ preHandler: app.requireClientCert('ops') }, (_, reply) => reply.code(404).send('none'))
    app.get('/file', (_, reply) => void reply.callNotFound())
    for (const url of ['/nowhere', '/file']) expect((await app.inject(url)).payload).toBe('none')
    expect(refused).toEqual([
      ['CSN_SIGNATURE_MISSING', undefined, false],
      ['CSN_SIGNATURE_MISSING', '/file', false],
    ])
  })

  it('ends for a part of the routes first', async () => {
    const { app, refused } = await start({ routes: [{ url: '/admin/*', mode: 'enforce' }] })
    app.get('/admin/users', { config: { clientCert: 'ops' } }, show)
    app.get('/me', show)
    expect((await injectSigned(app, '/admin/users', { subject: 'CN=mallory' })).statusCode).toBe(403)
    expect((await app.inject('/me')).statusCode).toBe(200)
    expect(refused).toEqual([
      ['CSN_CERT_FORBIDDEN', '/admin/users', true],
      ['CSN_SIGNATURE_MISSING', '/me', false],
    ])
    expect(app.clientCertRoutes().filter(({ enforced }) => enforced)).toMatchObject([
      { method: 'GET', url: '/admin/users' },
      { method: 'HEAD', url: '/admin/users' },
    ])
  })

  it('can be that of a part of the routes', async () => {
    const { app } = await start({ mode: 'enforce', routes: [{ url: '/old', clientCert: 'ops', mode: 'report' }] })
    app.get('/old', show)
    app.get('/me', show)
    expect((await app.inject('/old')).statusCode).toBe(200)
    expect((await app.inject('/me')).statusCode).toBe(401)
  })

  it('is loud for a part of the routes, by their names', async () => {
    const { app, lines } = await start({ mode: 'enforce', routes: [{ url: '/old', mode: 'report' }] })
    for (const url of ['/old', '/me']) app.get(url, show)
    await app.ready()
    expect(lines.filter(({ level }) => level === 40)).toEqual([
      expect.objectContaining({
        msg: 'countersign: these routes are in report mode by a rule, and refuse no request',
        routes: ['GET /old', 'HEAD /old'],
      }),
    ])
    expect(app.countersignHealth()).toMatchObject({ mode: 'enforce', unenforcedRoutes: 2 })
  })

  it('makes clientCertOf() say so', async () => {
    const { app } = await start()
    app.get('/me', (request) => clientCertOf(request).subject.CN)
    expect((await app.inject('/me')).json()).toMatchObject({
      statusCode: 500,
      message: expect.stringMatching(/the route is public or optional, or in report mode/),
    })
  })

  it('passes requests on if the decision itself fails', async () => {
    const { app, lines } = await start({
      identify: () => {
        throw new Error('no database')
      },
    })
    app.get('/me', show)
    expect((await injectSigned(app, '/me')).json()).toEqual({ name: 'pay-1' })
    expect(lines.find(({ code }) => code === 'CSN_IDENTIFY_UNAVAILABLE')).toMatchObject({ enforced: false })
  })
})

describe('a hook of app.requireClientCert in report mode', () => {
  it.each(['onRequest', 'preParsing', 'preValidation', 'preHandler'])('passes as %s of a route', async (kind) => {
    const { app, refused } = await start()
    app.get('/ops', { [kind]: app.requireClientCert('ops') }, show)
    expect((await injectSigned(app, '/ops', { subject: 'CN=mallory' })).json()).toEqual({ name: 'mallory' })
    // One request is one refusal.
    expect((await app.inject('/ops')).json()).toEqual({ name: null })
    expect(refused).toEqual([
      ['CSN_CERT_FORBIDDEN', '/ops', false],
      ['CSN_SIGNATURE_MISSING', '/ops', false],
    ])
  })

  it('passes as a hook of a scope, and in a list', async () => {
    const { app, refused } = await start()
    await app.register(async (scope) => {
      scope.addHook('onRequest', app.requireClientCert('ops'))
      scope.get('/scope', show)
    })
    app.get('/list', { onRequest: [async () => {}, app.requireClientCert('ops')] }, show)
    for (const url of ['/scope', '/list']) {
      expect((await injectSigned(app, url, { subject: 'CN=mallory' })).json()).toEqual({ name: 'mallory' })
    }
    expect(refused).toEqual(['/scope', '/list'].map((url) => ['CSN_CERT_FORBIDDEN', url, false]))
  })

  it('is no login for another plugin', async () => {
    const { app, refused } = await start()
    const hook = app.requireClientCert('ops')
    /** As @fastify/auth does: any login of several. */
    const either: ClientCertHook = async (request, reply) => hook(request, reply)
    app.get('/either', { preHandler: either }, show)
    // The same hook elsewhere is one of the route.
    app.get('/ops', { preHandler: hook }, show)
    for (const answer of [await app.inject('/either'), await injectSigned(app, '/either', { subject: 'CN=mallory' })]) {
      expect(answer.statusCode).toBeGreaterThanOrEqual(401)
    }
    expect((await app.inject('/ops')).statusCode).toBe(200)
    expect(refused.filter(([, , enforced]) => enforced)).toEqual([
      ['CSN_CERT_MISSING', '/either', true],
      ['CSN_CERT_FORBIDDEN', '/either', true],
    ])
  })
})
