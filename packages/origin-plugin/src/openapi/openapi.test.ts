import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import { countersign } from '../plugin.ts'
import { countersignOpenApi } from './openapi.ts'

const ACCESS = { issuer: 'https://acme.cloudflareaccess.com', audience: 'a'.repeat(64), jwksUri: 'http://127.0.0.1:9/' }

/** The parts for `@fastify/swagger` of an application with one route, whose transform takes what the test gives it. */
async function start(access: typeof ACCESS | null = null) {
  const app = Fastify() as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, { ...SIGNED_ONLY, access })
  app.get('/me', () => 'me')
  const { securitySchemes, transform } = countersignOpenApi(app)
  const describeRoute = (schema: object | undefined, url: string, document: object = { openapi: '3.1.0' }) =>
    transform({ schema, url, route: { method: 'GET', url }, openapiObject: document } as never)
  return { securitySchemes, transform, describeRoute }
}

describe('countersignOpenApi', () => {
  it('has the security schemes, with a description for the reader of the document', async () => {
    const mutualTLS = {
      type: 'mutualTLS',
      description: 'The client certificate, which Cloudflare verifies at its edge.',
    }
    expect((await start()).securitySchemes).toStrictEqual({ mutualTLS })
    expect((await start(ACCESS)).securitySchemes).toStrictEqual({
      mutualTLS,
      cloudflareAccess: {
        type: 'apiKey',
        in: 'header',
        name: 'Cf-Access-Jwt-Assertion',
        description: 'The token of Cloudflare Access. Cloudflare adds it after a login, or for a service token.',
      },
    })
  })

  it('describes a route of the plugin, with the response of a route that states none', async () => {
    const { describeRoute } = await start()
    const { schema, url } = describeRoute({ summary: 'me' }, '/me')
    expect(url).toBe('/me')
    expect(schema).toMatchObject({
      summary: 'me',
      security: [{ mutualTLS: [] }],
      response: { 200: { description: 'Default Response', type: 'null' }, 401: {}, 403: {} },
    })
  })

  it('leaves a route outside of the plugin and a hidden one as they are', async () => {
    const { describeRoute } = await start()
    const schema = { summary: 'other' }
    expect(describeRoute(schema, '/other')).toStrictEqual({ schema, url: '/other' })
    expect(describeRoute(undefined, '/other')).toStrictEqual({ schema: undefined, url: '/other' })
    const hidden = { hide: true }
    expect(describeRoute(hidden, '/me')).toStrictEqual({ schema: hidden, url: '/me' })
  })

  it.each(['3.1.0', '3.1.1', '3.2.0', '3.9'])('accepts version %s', async (openapi) => {
    const { describeRoute } = await start()
    expect(describeRoute({}, '/me', { openapi }).schema).toHaveProperty('security')
  })

  it.each([
    [{ openapi: '3.0.3' }, '3.0.3'],
    [{ openapi: '13.1.0' }, '13.1.0'],
    [{}, '2.0'],
    [undefined, '2.0'],
  ])('refuses the document %j', async (document, version) => {
    const { transform } = await start()
    const given = { schema: {}, url: '/me', route: { method: 'GET', url: '/me' }, openapiObject: document }
    expect(() => transform(given as never)).toThrow(
      new TypeError(
        `the document is of version ${version}, which has no mutualTLS; write openapi: { openapi: '3.1.0', … } in the options of @fastify/swagger`,
      ),
    )
  })
})
