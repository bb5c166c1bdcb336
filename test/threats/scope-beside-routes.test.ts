import { randomBytes } from 'node:crypto'
import countersign from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it, onTestFinished } from 'vitest'

const options = {
  edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null },
  access: null,
  trustedIssuers: null,
}

/** A file of the plugin folder, as @fastify/autoload loads it. */
const pluginFile = async (scope: FastifyInstance) => {
  await scope.register(countersign, options)
}
/** A file of the route folder. */
const routeFile = async (scope: FastifyInstance) => {
  scope.get('/me', () => 'open')
}
const routeFileWithRequirement = async (scope: FastifyInstance) => {
  scope.get('/ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, () => 'open')
}

type Declare = (app: FastifyInstance) => unknown

async function start(declare: Declare): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await declare(app)
  await app.ready()
  return app
}

describe('a plugin file without fastify-plugin', () => {
  it.each<[string, Declare, RegExp]>([
    [
      'before the routes',
      async (app) => {
        await app.register(pluginFile)
        await app.register(routeFile)
      },
      /^countersign is registered in a scope without routes and protects nothing; wrap the plugin that registers it with/,
    ],
    [
      'after the routes',
      async (app) => {
        await app.register(routeFile)
        await app.register(pluginFile)
      },
      /^countersign is registered in a scope without routes and protects nothing/,
    ],
    [
      'before routes with a requirement',
      async (app) => {
        await app.register(pluginFile)
        await app.register(routeFileWithRequirement)
      },
      /^GET \/ops has config.clientCert outside of the scope of countersign, where nothing enforces it; wrap the plugin/,
    ],
    [
      'with a route of its own',
      async (app) => {
        await app.register(async (scope) => {
          await pluginFile(scope)
          scope.get('/own', () => 'own')
        })
        await app.register(routeFileWithRequirement)
      },
      /^GET \/ops has config.clientCert outside of the scope of countersign/,
    ],
  ])('stops the start: %s', async (_what, declare, message) => {
    await expect(start(declare)).rejects.toThrow(message)
  })

  it('leaves no server behind that inject() could ask', async () => {
    const app = Fastify()
    await app.register(routeFile)
    await app.register(pluginFile)
    await expect(app.ready()).rejects.toThrow('protects nothing')
    await expect(app.inject('/me')).rejects.toThrow('closed')
  })
})

describe('an application that fastify-cli loads into a scope of its own', () => {
  /** The files of an application, with a handler for unknown paths in one of several places. */
  const application = (notFound?: 'application' | 'route file') => async (scope: FastifyInstance) => {
    await scope.register(fp(pluginFile))
    await scope.register(routeFile)
    const set = async (at: FastifyInstance) =>
      void at.setNotFoundHandler((_request, reply) => reply.code(404).send('own'))
    if (notFound === 'application') await set(scope)
    if (notFound === 'route file') await scope.register(set)
  }

  it.each([undefined, 'application', 'route file'] as const)(
    'answers unknown paths to no client without a certificate, with a handler of its %s',
    async (notFound) => {
      const app = await start((root) => root.register(application(notFound)))
      for (const path of ['/me', '/none', '/me/none', '/%6de', '//me']) {
        expect((await app.inject(path)).json(), path).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
      }
      expect((await app.inject({ method: 'POST', url: '/me' })).statusCode).toBe(401)
    },
  )

  it('does not start if the server around it answers unknown paths', async () => {
    const open: Declare = async (root) => {
      await root.register(application())
      root.setNotFoundHandler((_request, reply) => reply.code(404).send('open'))
    }
    await expect(start(open)).rejects.toThrow(/^the handler for unknown paths is outside of the scope of countersign/)
    await expect(start((root) => root.register(application(), { prefix: '/v1' }))).rejects.toThrow(
      /^the handler for unknown paths under \/v1 is outside of the scope of countersign/,
    )
  })
})
