import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY, appendSignature } from '../../test/support/edge-lines.ts'
import { noCertificateLines } from '../../test/support/header-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import { isCountersignError, optional } from '../index.ts'
import { countersign } from '../plugin.ts'
import { addChallenge, removeChallenge } from './challenge.ts'

const MALLORY = { subject: 'CN=mallory,OU=Dev' }

async function start(routes: (app: FastifyInstance) => void, mode: 'enforce' | 'report' = 'enforce') {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(countersign, { ...SIGNED_ONLY, policies: { ops: { subject: { OU: 'Ops' } } }, mode })
  app.get('/me', () => 'me')
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  routes(app)
  return app
}

const seen = ({ statusCode, headers }: Awaited<ReturnType<FastifyInstance['inject']>>) => [
  statusCode,
  headers['www-authenticate'],
]

describe('the challenge', () => {
  it('is in every answer 401, and in no other', async () => {
    const app = await start((app) => {
      app.get('/public', { config: { clientCert: false } }, () => 'for all')
      app.get('/hook', { config: { clientCert: false }, preHandler: app.requireClientCert('ops') }, () => 'hook')
    })
    expect(seen(await app.inject('/me'))).toEqual([401, 'Countersign'])
    expect(seen(await app.inject({ method: 'HEAD', url: '/me' }))).toEqual([401, 'Countersign'])
    expect(seen(await app.inject('/nowhere'))).toEqual([401, 'Countersign'])
    expect(seen(await app.inject('/hook'))).toEqual([401, 'Countersign'])
    expect(seen(await app.inject('/public'))).toEqual([200, undefined])
    expect(seen(await injectSigned(app, '/me'))).toEqual([200, undefined])
    expect(seen(await injectSigned(app, '/ops', MALLORY))).toEqual([403, undefined])
    expect(seen(await injectSigned(app, '/nowhere'))).toEqual([404, undefined])
  })

  it('does not depend on the request', async () => {
    const app = await start(() => {})
    const headers = { 'www-authenticate': 'Basic', signature: 'x', authorization: 'Basic', upgrade: 'websocket' }
    expect(seen(await app.inject({ url: '/me?realm=Basic', headers }))).toEqual([401, 'Countersign'])
  })

  it('stays in an answer of an error handler', async () => {
    const app = await start((app) => {
      app.setErrorHandler((error, _request, reply) =>
        reply.code(isCountersignError(error) ? error.statusCode : 500).send({ own: true }),
      )
    })
    expect(seen(await app.inject('/me'))).toEqual([401, 'Countersign'])
  })

  it('is not in an answer of report mode', async () => {
    expect(seen(await (await start(() => {}, 'report')).inject('/me'))).toEqual([200, undefined])
  })

  it.each([
    ['without a requirement', {}],
    ['that is optional', { config: { clientCert: optional() } }],
  ])('is not in a 404 in place of the refusal, by a handler %s', async (_, options) => {
    const app = await start((app) => {
      app.setErrorHandler((_error, _request, reply) => void reply.callNotFound())
      app.setNotFoundHandler(options as object, (_request, reply) => void reply.code(404).send('not here'))
    })
    const lines = appendSignature(noCertificateLines(), EDGE_KEY, { target: '/me' })
    const headers = { host: AUTHORITY, ...Object.fromEntries(lines) }
    expect(seen(await app.inject({ url: '/me', headers }))).toEqual([404, undefined])
  })

  it.each([
    ['Basic realm="jobs"', ['Basic realm="jobs"', 'Countersign']],
    [
      ['Basic', 'Bearer'],
      ['Basic', 'Bearer', 'Countersign'],
    ],
  ])('is next to that of another login: %j', async (own, expected) => {
    const app = await start((app) => {
      app.get(
        '/either',
        {
          config: { clientCert: false },
          onRequest: async (_request, reply) => void reply.header('WWW-Authenticate', own),
          preHandler: app.requireClientCert('ops'),
        },
        () => 'in',
      )
    })
    expect(seen(await app.inject('/either'))).toEqual([401, expected])
  })
})

/** A reply that has headers only. */
async function replyWith(change: (reply: FastifyReply) => void) {
  const app = Fastify()
  onTestFinished(() => app.close())
  app.get('/', (_request, reply) => {
    change(reply)
    return 'answered'
  })
  return (await app.inject('/')).headers['www-authenticate']
}

describe('addChallenge', () => {
  it.each([400, 402, 403, 503, undefined])('adds nothing to %s', async (status) => {
    expect(await replyWith((reply) => addChallenge(reply, status))).toBeUndefined()
  })

  it('adds one challenge, if it is called twice', async () => {
    const twice = (reply: FastifyReply) => [401, 401].map((status) => addChallenge(reply, status))
    expect(await replyWith(twice)).toBe('Countersign')
    expect(await replyWith((reply) => twice(reply.header('www-authenticate', 'Basic')))).toEqual([
      'Basic',
      'Countersign',
    ])
  })
})

describe('removeChallenge', () => {
  it('leaves the challenges of others', async () => {
    const both = (reply: FastifyReply) => {
      addChallenge(reply.header('www-authenticate', 'Basic'), 401)
      removeChallenge(reply)
    }
    expect(await replyWith(both)).toEqual(['Basic'])
    expect(await replyWith((reply) => removeChallenge(reply))).toBeUndefined()
  })
})
