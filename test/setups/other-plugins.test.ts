import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import auth from '@fastify/auth'
import basicAuth from '@fastify/basic-auth'
import caching from '@fastify/caching'
import compress from '@fastify/compress'
import express from '@fastify/express'
import httpProxy from '@fastify/http-proxy'
import replyFrom from '@fastify/reply-from'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSetup } from '../support/setup.ts'

type Register = (app: FastifyInstance) => PromiseLike<unknown>

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'other first', register: Register) {
  const app = Fastify()
  if (order === 'other first') await register(app)
  await app.register(countersign, options)
  if (order === 'plugin first') await register(app)
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops '.repeat(1000))
  return app
}

/** A server behind the proxy. It returns the certificate headers of the request. */
async function startUpstream(): Promise<string> {
  const app = Fastify()
  onTestFinished(() => app.close())
  app.get('/*', (request) => `${request.url} ${request.headers['x-cert-verify']}`)
  return await app.listen({ host: '127.0.0.1', port: 0 })
}

describe.each<[string, Register, string[]]>([
  ['@fastify/compress', (app) => app.register(compress), []],
  ['@fastify/auth', (app) => app.register(auth), []],
  ['@fastify/basic-auth', (app) => app.register(basicAuth, { validate: async () => {} }), []],
  ['@fastify/reply-from', (app) => app.register(replyFrom, { base: 'http://127.0.0.1:1' }), []],
  ['@fastify/caching', (app) => app.register(caching), ['cachingLoadByEtag']],
  ['@fastify/express', (app) => app.register(express), ['enhanceRequest', 'runConnect']],
])('%s', (_, register, hooks) => {
  it('after countersign needs nothing, and before it its hooks in hooksInFront', async () => {
    for (const [order, hooksInFront] of [
      ['plugin first', []],
      ['other first', hooks],
    ] as const) {
      const { send, statuses } = await startSetup((options) => build({ ...options, hooksInFront }, order, register))
      expect(await statuses('/ops'), order).toEqual([401, 403, 200])
      expect((await send('/ops')).headers['cache-control'], order).toBe('private, no-store')
    }
    if (hooks.length === 0) return
    await expect(startSetup((options) => build(options, 'other first', register))).rejects.toThrow(
      `write hooksInFront: ${JSON.stringify(hooks)}`,
    )
  })
})

describe('@fastify/http-proxy', () => {
  it('takes the requirement of its routes in its option config', async () => {
    const upstream = await startUpstream()
    const proxy: Register = (app) =>
      app.register(httpProxy, { upstream, prefix: '/up', config: { clientCert: 'ops' } } as never)
    const { send, statuses } = await startSetup((options) => build(options, 'plugin first', proxy))
    expect(await statuses('/up/a')).toEqual([401, 403, 200])
    expect((await send('/up/a')).body).toBe('/a SUCCESS')
    expect(await statuses('/ops')).toEqual([401, 403, 200])
  })

  it('with websocket needs nothing more: its listener passes handshakes to Fastify', async () => {
    const upstream = await startUpstream()
    const proxy: Register = (app) =>
      app.register(httpProxy, { upstream, prefix: '/up', websocket: true, config: { clientCert: 'ops' } } as never)
    const { send } = await startSetup((options) => build(options, 'plugin first', proxy))
    const handshake = { cert: null, headers: { connection: 'Upgrade', upgrade: 'websocket' } }
    expect(await send('/up/a', handshake)).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
  })

  it('does not start before countersign without rules for its urls', async () => {
    const upstream = await startUpstream()
    const proxy: Register = (app) => app.register(httpProxy, { upstream, prefix: '/up' })
    await expect(startSetup((options) => build(options, 'other first', proxy))).rejects.toThrow(
      /^[A-Z]+ \/up\S* was registered before countersign .* or cover it with a rule of the option routes$/,
    )
    const routes = [{ url: '/up/*', clientCert: 'ops' }]
    const { statuses } = await startSetup((options) => build({ ...options, routes }, 'other first', proxy))
    expect(await statuses('/up/a')).toEqual([401, 403, 200])
  })
})
