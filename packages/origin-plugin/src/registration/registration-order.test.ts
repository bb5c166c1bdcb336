import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it } from 'vitest'
import { requireRegisteredFirst, requireRegisteredOnce } from './registration-order.ts'

const none = () => false

describe('requireRegisteredFirst', () => {
  it('is content with an instance that has nothing yet', () => {
    expect(requireRegisteredFirst(Fastify(), none)).toEqual([])
  })

  it('is content with hooks, decorators and plugins that declare no route', async () => {
    const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
    app.addHook('onRequest', async () => {})
    app.decorateRequest('user', null)
    await app.register(fp(async (same: FastifyInstance) => void same.decorate('tool', 1)))
    await app.register(async () => {})
    expect(requireRegisteredFirst(app, none)).toEqual([])
  })

  it.each<[string, string, (app: FastifyInstance) => unknown]>([
    ['a route', 'GET /', (app) => app.get('/', () => 1)],
    ['a route of several methods', 'GET /x', (app) => app.all('/x', () => 1)],
    ['a route with a parameter', 'GET /:any', (app) => app.get('/:any', () => 1)],
    ['a wildcard route', 'GET *', (app) => app.get('*', () => 1)],
    ['a route with a constraint', 'GET /x', (app) => app.get('/x', { constraints: { host: 'a.example' } }, () => 1)],
    ['a plugin with a route', 'POST /', (app) => app.register(async (child) => void child.post('/', () => 1))],
    [
      'a plugin without a scope that has a route',
      'GET /',
      (app) => app.register(fp(async (same: FastifyInstance) => void same.get('/', () => 1))),
    ],
  ])('refuses to be registered after %s', async (_what, route, declare) => {
    const app = Fastify()
    declare(app)
    await app.after()
    expect(() => requireRegisteredFirst(app, none)).toThrow(
      new TypeError(
        `${route} was registered before countersign and would not be protected; write \`await app.register(countersign, …)\` before it, or cover it with a rule of the option routes`,
      ),
    )
  })

  it('returns the earlier routes if rules cover them all', async () => {
    const app = Fastify()
    app.get('/', { exposeHeadRoute: false }, () => 1)
    app.post('/form', () => 1)
    const first = { method: 'GET', url: '/', constraints: '', hooks: [] }
    const asked: string[] = []
    const isCovered = ({ method, url }: { method: string; url: string }) => asked.push(`${method} ${url}`) > 0
    expect(requireRegisteredFirst(app, isCovered)).toEqual([first, { ...first, method: 'POST', url: '/form' }])
    expect(asked).toEqual(['GET /', 'POST /form'])
    expect(() => requireRegisteredFirst(app, ({ url }) => url === '/')).toThrow('POST /form was registered before')
  })

  it('leaves the earlier routes of a scope of its own for later', async () => {
    const app = Fastify()
    app.get('/sibling', { exposeHeadRoute: false }, () => 1)
    await app.register(async (child) => {
      expect(requireRegisteredFirst(child, none).map(({ url }) => url)).toEqual(['/sibling'])
    })
    await app.ready()
    expect.assertions(1)
  })
})

describe('requireRegisteredOnce', () => {
  it('refuses a second registration in a scope and inside it', async () => {
    const twice = new TypeError('countersign is registered twice in one scope, or again inside it; register it once')
    const app = Fastify()
    expect(() => requireRegisteredOnce(app)).not.toThrow()
    app.decorateRequest('clientCert', null)
    expect(() => requireRegisteredOnce(app)).toThrow(twice)
    await app.register(async (child) => {
      expect(() => requireRegisteredOnce(child)).toThrow(twice)
    })
    await app.ready()
    expect.assertions(3)
  })
})
