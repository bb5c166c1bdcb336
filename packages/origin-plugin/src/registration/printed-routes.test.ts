import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { printedRoutes } from './printed-routes.ts'

const handler = () => 1

/** Everything that a router can contain, with the hooks in several scopes. */
async function start(): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false })
  app.get('/', handler)
  app.get('/static/*', handler)
  app.get('/stat', handler)
  app.get('/host', { constraints: { host: 'a.example' } }, handler)
  app.get('/host', { constraints: { version: '1.0.0' } }, handler)
  app.get('/host', handler)
  app.options('*', handler)
  app.route({ method: ['GET', 'DELETE'], url: '/:id(^\\d+$)/x (y)', handler })
  app.addHook('onRequest', function first(_request, _reply, done) {
    done()
  })
  await app.register(
    async (child) => {
      child.addHook('onRequest', async () => {})
      child.get('/', handler)
      child.post('/:name', handler)
      child.get('/:name', { onRequest: async function own() {} }, handler)
    },
    { prefix: '/v1' },
  )
  return app
}

const texts = (app: FastifyInstance) =>
  printedRoutes(app)
    .map(({ method, url, constraints, hooks }) => [method, url, constraints, ...hooks].join(' ').trimEnd())
    .sort()

describe('printedRoutes', () => {
  it('lists every route of every scope, with method, url and constraints', async () => {
    expect(texts(await start())).toEqual([
      'DELETE /:id(^\\d+$)/x (y)',
      'GET /',
      'GET /:id(^\\d+$)/x (y)',
      'GET /host',
      'GET /host {"host":"a.example"}',
      'GET /host {"version":"1.0.0"}',
      'GET /stat',
      'GET /static/*',
      'GET /v1',
      'GET /v1/',
      'GET /v1/:name',
      'OPTIONS *',
      'POST /v1/:name',
    ])
  })

  it('names the hooks of each route once the server is ready', async () => {
    const app = await start()
    await app.ready()
    expect(texts(app)).toEqual([
      'DELETE /:id(^\\d+$)/x (y)  first()',
      'GET /  first()',
      'GET /:id(^\\d+$)/x (y)  first()',
      'GET /host  first()',
      'GET /host {"host":"a.example"} first()',
      'GET /host {"version":"1.0.0"} first()',
      'GET /stat  first()',
      'GET /static/*  first()',
      'GET /v1  first() anonymous()',
      'GET /v1/  first() anonymous()',
      'GET /v1/:name  first() anonymous() own()',
      'OPTIONS *  first()',
      'POST /v1/:name  first() anonymous()',
    ])
  })

  it('is empty without routes', () => {
    expect(printedRoutes(Fastify())).toEqual([])
  })

  it('refuses a tree that it cannot read', () => {
    const app = { printRoutes: () => '└── / (GET)\n    something else\n' }
    expect(() => printedRoutes(app as unknown as FastifyInstance)).toThrow(
      new TypeError('the list of routes cannot be read at "something else"'),
    )
  })
})
