import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY, appendSignature } from '../test/support/edge-lines.ts'
import { noCertificateLines } from '../test/support/header-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { clientCertOf } from './client-cert.ts'
import { anyOf, optional } from './guards/requirement.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

const options: CountersignPluginOptions = {
  ...SIGNED_ONLY,
  policies: { ops: { subject: { OU: 'Ops' } } },
}

async function start(
  declare: (app: FastifyInstance) => unknown,
  changes: Partial<CountersignPluginOptions> = {},
): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(countersign, { ...options, ...changes })
  await declare(app)
  return app
}

/** Injects the request of a client that presented no certificate. */
function injectWithout(app: FastifyInstance, url: string, method: 'GET' | 'HEAD' | 'OPTIONS' = 'GET') {
  const lines = appendSignature(noCertificateLines(), EDGE_KEY, { method, target: url })
  return app.inject({ method, url, headers: { host: AUTHORITY, ...Object.fromEntries(lines) } })
}

const shown = async (answer: ReturnType<typeof injectWithout>) => {
  const { statusCode, body } = await answer
  return statusCode < 300 ? `${statusCode} ${body}` : `${statusCode} ${JSON.parse(body).code}`
}

describe('an optional route', () => {
  it('admits without a certificate, and with one that matches', async () => {
    const app = await start((app) =>
      app.get('/', { config: { clientCert: optional('ops') } }, ({ clientCert }) => `${clientCert?.subject.CN}`),
    )
    expect(await shown(injectWithout(app, '/'))).toBe('200 undefined')
    expect((await injectWithout(app, '/', 'HEAD')).statusCode).toBe(200)
    expect(await shown(injectSigned(app, '/'))).toBe('200 pay-1')
    expect(await shown(injectSigned(app, '/', { subject: 'CN=pay-2,OU=Sales' }))).toBe('403 CSN_CERT_FORBIDDEN')
    expect(await shown(app.inject('/'))).toBe('401 CSN_SIGNATURE_MISSING')
    expect((await injectWithout(app, '/')).headers['cache-control']).toBe('private, no-store')
  })

  it('refuses OPTIONS without a certificate, and a public route answers it', async () => {
    const app = await start((app) => {
      app.all('/', { config: { clientCert: optional() } }, () => 'in')
      app.options('/public', { config: { clientCert: false } }, () => 'out')
    })
    expect(await shown(injectWithout(app, '/'))).toBe('200 in')
    expect(await shown(injectWithout(app, '/', 'OPTIONS'))).toBe('401 CSN_CERT_MISSING')
    expect(await shown(injectSigned(app, '/', { method: 'OPTIONS' }))).toBe('200 in')
    expect(await shown(injectWithout(app, '/public', 'OPTIONS'))).toBe('200 out')
  })

  it('is listed as optional, also by a rule', async () => {
    const app = await start((app) => app.get('/login', { exposeHeadRoute: false }, () => 'in'), {
      routes: [{ url: '/login', clientCert: optional('ops') }],
    })
    expect(app.clientCertRoutes()).toEqual([
      {
        method: 'GET',
        url: '/login',
        protection: 'optional',
        requirement: 'no certificate, or policy ops',
        enforced: true,
      },
    ])
    expect(await shown(injectWithout(app, '/login'))).toBe('200 in')
    expect(await shown(injectSigned(app, '/login', { subject: 'CN=x' }))).toBe('403 CSN_CERT_FORBIDDEN')
  })

  it('answers 500 to a handler that takes the certificate for granted', async () => {
    const app = await start((app) =>
      app.get('/', { config: { clientCert: optional() } }, (request) => clientCertOf(request).subject.CN),
    )
    const answer = await injectWithout(app, '/')
    expect(answer.json()).toMatchObject({
      statusCode: 500,
      message: expect.stringMatching(/^clientCertOf\(\) must not/),
    })
  })

  it('requires a certificate in a hook', async () => {
    const app = await start((app) =>
      app.get('/', { config: { clientCert: optional() }, onRequest: app.requireClientCert('ops') }, () => 'in'),
    )
    expect(await shown(injectSigned(app, '/'))).toBe('200 in')
    expect(await shown(injectWithout(app, '/'))).toBe('401 CSN_CERT_MISSING')
    expect(await shown(injectSigned(app, '/', { subject: 'CN=x' }))).toBe('403 CSN_CERT_FORBIDDEN')
  })

  it('stops the start inside of another requirement, in a hook and in a policy', async () => {
    const inside = optional('ops') as never
    const message = 'optional() must be around the whole requirement of a route'
    const wrong: ((app: FastifyInstance) => unknown)[] = [
      (app) => app.get('/', { config: { clientCert: anyOf(inside) } }, () => 'in'),
      (app) => app.requireClientCert(inside),
    ]
    for (const declare of wrong) await expect(start(declare)).rejects.toThrow(message)
    await expect(start(() => {}, { policies: { login: inside } })).rejects.toThrow(`policies.login: ${message}`)
  })
})

describe('the handler for unknown paths, called by an optional route', () => {
  async function startWith(clientCert?: unknown): Promise<FastifyInstance> {
    return start((app) => {
      app.get('/file', { config: { clientCert: optional() } }, (_, reply) => void reply.callNotFound())
      const config = clientCert === undefined ? {} : { config: { clientCert } }
      app.setNotFoundHandler(config as object, (_, reply) => reply.code(404).send({ code: 'nothing here' }))
    })
  }

  it('answers, because the request was admitted', async () => {
    expect(await shown(injectWithout(await startWith(), '/file'))).toBe('404 nothing here')
  })

  it('applies its own requirement without spending the nonce again', async () => {
    for (const [requirement, without, other] of [
      [optional('ops'), '404 nothing here', '403 CSN_CERT_FORBIDDEN'],
      ['ops', '401 CSN_CERT_MISSING', '403 CSN_CERT_FORBIDDEN'],
      [optional(), '404 nothing here', '404 nothing here'],
    ] as const) {
      const app = await startWith(requirement)
      expect(await shown(injectWithout(app, '/file'))).toBe(without)
      expect(await shown(injectSigned(app, '/file', { subject: 'CN=x' }))).toBe(other)
      expect(await shown(injectSigned(app, '/file'))).toBe('404 nothing here')
    }
  })

  it('verifies a request of a public route, as one without a certificate too', async () => {
    const app = await start((app) => {
      app.get('/file', { config: { clientCert: false } }, (_, reply) => void reply.callNotFound())
      app.setNotFoundHandler({ config: { clientCert: optional('ops') } } as object, (_, reply) =>
        reply.code(404).send({ code: 'nothing here' }),
      )
    })
    expect(await shown(app.inject('/file'))).toBe('401 CSN_SIGNATURE_MISSING')
    expect(await shown(injectWithout(app, '/file'))).toBe('404 nothing here')
    expect(await shown(injectSigned(app, '/file', { subject: 'CN=x' }))).toBe('403 CSN_CERT_FORBIDDEN')
  })
})
