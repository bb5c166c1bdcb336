import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it } from 'vitest'
import { requireRegisteredFirst } from './registration-order.ts'

const LATE = 'routes or plugins were registered before countersign and would not be protected'
const TWICE = 'countersign is registered twice in one scope, or again inside it; register it once'

describe('requireRegisteredFirst', () => {
  it('is content with an instance that has nothing yet', () => {
    expect(() => requireRegisteredFirst(Fastify())).not.toThrow()
  })

  it('is content with hooks, decorators and plugins without a scope of their own', async () => {
    const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
    app.addHook('onRequest', async () => {})
    app.decorateRequest('user', null)
    await app.register(fp(async (same: FastifyInstance) => void same.decorate('tool', 1)))
    expect(() => requireRegisteredFirst(app)).not.toThrow()
  })

  it.each<[string, (app: FastifyInstance) => unknown]>([
    ['a route', (app) => app.get('/', () => 1)],
    ['a route of several methods', (app) => app.all('/x', () => 1)],
    ['a route with a parameter', (app) => app.get('/:any', () => 1)],
    ['a wildcard route', (app) => app.get('*', () => 1)],
    ['a route with a constraint', (app) => app.get('/x', { constraints: { host: 'a.example' } }, () => 1)],
    ['a plugin with a route', (app) => app.register(async (child) => void child.get('/', () => 1))],
    ['a plugin that may get routes later', (app) => app.register(async () => {})],
    [
      'a plugin without a scope that has a route',
      (app) => app.register(fp(async (same: FastifyInstance) => void same.get('/', () => 1))),
    ],
  ])('refuses to be registered after %s', async (_what, declare) => {
    const app = Fastify()
    declare(app)
    await app.after()
    expect(() => requireRegisteredFirst(app)).toThrow(TypeError)
    expect(() => requireRegisteredFirst(app)).toThrow(LATE)
  })

  it('accepts a scope whose siblings have routes', async () => {
    const app = Fastify()
    app.get('/sibling', () => 1)
    await app.register(async (child) => {
      expect(() => requireRegisteredFirst(child)).not.toThrow()
    })
  })

  it('refuses to be registered after the children of its scope', async () => {
    const app = Fastify()
    await app.register(async (child) => {
      await child.register(async (grandchild) => void grandchild.get('/', () => 1))
      expect(() => requireRegisteredFirst(child)).toThrow(LATE)
    })
    await app.ready()
    expect.assertions(1)
  })

  it('refuses to be there twice, inside its scope too', async () => {
    const app = Fastify()
    app.decorateRequest('clientCert', null)
    expect(() => requireRegisteredFirst(app)).toThrow(new TypeError(TWICE))
    await app.register(async (child) => {
      expect(() => requireRegisteredFirst(child)).toThrow(new TypeError(TWICE))
    })
    expect.assertions(2)
  })

  it('refuses a Fastify that it does not know', () => {
    const unknown = { hasRequestDecorator: () => false, printRoutes: () => '(empty tree)' }
    expect(() => requireRegisteredFirst(unknown as unknown as FastifyInstance)).toThrow(
      new TypeError('this version of Fastify is not supported; use Fastify 5'),
    )
  })
})
