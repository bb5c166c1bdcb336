import countersign, { type CountersignPluginOptions, countersignErrors, optional } from '@countersign/origin-plugin'
import { type CountersignOpenApiOptions, countersignOpenApi } from '@countersign/origin-plugin/openapi'
import { createTestTeam } from '@countersign/test-support/access-team'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import swagger from '@fastify/swagger'
import { Validator } from '@seriousme/openapi-schema-validator'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'

const AUDIENCE = 'a'.repeat(64)
const LOGIN = { type: 'http', scheme: 'bearer' }
const FULL = [{ mutualTLS: [], cloudflareAccess: [] }]

interface Setup {
  readonly options?: Partial<CountersignPluginOptions>
  readonly openapi?: CountersignOpenApiOptions
  readonly version?: string
  readonly schemes?: object
  routes?(app: FastifyInstance): void
}

/** The document of an application with a route of each protection. */
async function documentOf({ options, openapi, version = '3.1.0', schemes, routes }: Setup = {}) {
  const app = Fastify() as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, {
    edge: { keys: hmacKey().jwk, hosts: null },
    access: { issuer: 'https://acme.cloudflareaccess.com', audience: AUDIENCE, jwks: (await createTestTeam()).jwks },
    trustedIssuers: null,
    policies: { ops: { subject: { OU: 'Ops' } } },
    ...options,
  })
  const { securitySchemes, transform } = countersignOpenApi(app, openapi)
  const info = { title: 'Payments', version: '1' }
  await app.register(swagger, {
    openapi: { openapi: version, info, components: { securitySchemes: { ...securitySchemes, ...schemes } } } as never,
    transform,
  })
  app.get('/me', () => 'me')
  app.get('/healthz', { config: { clientCert: false } }, () => 'ok')
  app.get('/login', { config: { clientCert: optional() } }, () => 'in')
  app.route({ method: ['PUT', 'DELETE'], url: '/jobs/:id', config: { clientCert: 'ops' }, handler: () => 'job' })
  routes?.(app)
  await app.ready()
  return app.swagger() as unknown as OpenApi
}

interface OpenApi {
  readonly components: { readonly securitySchemes: Record<string, unknown> }
  readonly paths: Record<string, Record<string, Operation>>
}

interface Operation {
  readonly summary?: string
  readonly security?: unknown
  readonly responses: Record<
    string,
    { readonly description: string; readonly headers?: object; readonly content?: Record<string, { schema: Schema }> }
  >
}

interface Schema {
  readonly required: readonly string[]
  readonly properties: { readonly code: { readonly enum: readonly string[] }; readonly statusCode: object }
}

const codesOf = ({ responses }: Operation) =>
  Object.values(responses).flatMap(({ content }) => content?.['application/json']?.schema.properties.code?.enum ?? [])

const securityOf = ({ paths }: OpenApi) =>
  Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, Object.values(methods)[0]?.security]))

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, with the security of each route', async () => {
    const document = await documentOf()
    expect(await new Validator().validate(document as never)).toEqual({ valid: true })
    expect(document.components.securitySchemes).toMatchObject({
      mutualTLS: { type: 'mutualTLS' },
      cloudflareAccess: { type: 'apiKey', in: 'header', name: 'Cf-Access-Jwt-Assertion' },
    })
    expect(securityOf(document)).toEqual({
      '/me': FULL,
      '/healthz': [],
      '/login': [{ cloudflareAccess: [] }, ...FULL],
      '/jobs/{id}': FULL,
    })
    expect(Object.keys(document.paths['/jobs/{id}'] ?? {})).toEqual(['put', 'delete'])
  })

  it('has the refusals of each route, with every code that this origin can answer', async () => {
    const { paths } = await documentOf({ options: { identify: () => null } })
    const me = paths['/me']?.['get'] as Operation
    const codes = [...countersignErrors.keys()]
    const absent = ['CSN_CERT_UNTRUSTED_ISSUER', 'CSN_REVOCATION_UNAVAILABLE']
    expect(codesOf(me).toSorted()).toEqual(codes.filter((code) => !absent.includes(code)).toSorted())
    expect(Object.keys(me.responses)).toEqual(['200', '400', '401', '403', '503'])
    const { schema } = me.responses['503']?.content?.['application/json'] ?? {}
    expect(schema?.required).toEqual(['statusCode', 'code', 'error', 'message'])
    expect(schema?.properties.statusCode).toEqual({ type: 'integer', enum: [503] })
    expect(me.responses['401']?.description).toMatch(/`CSN_CERT_MISSING`: A client certificate is required\./)
    expect(me.responses['401']?.headers).toMatchObject({ 'WWW-Authenticate': { schema: { enum: ['Countersign'] } } })
    expect(me.responses['403']?.headers).toBeUndefined()
    expect(codesOf(paths['/healthz']?.['get'] as Operation)).toEqual([])
  })

  it('has mutual TLS alone without Access, and no code of a check that is off', async () => {
    const document = await documentOf({ options: { access: null } })
    expect(Object.keys(document.components.securitySchemes)).toEqual(['mutualTLS'])
    expect(securityOf(document)).toMatchObject({ '/me': [{ mutualTLS: [] }], '/login': [{}, { mutualTLS: [] }] })
    expect(
      codesOf(document.paths['/me']?.['get'] as Operation).filter((code) => /ACCESS|USER|IDENTIFY/.test(code)),
    ).toEqual([])
    expect(await new Validator().validate(document as never)).toEqual({ valid: true })
  })

  it('has neither refusals nor a demand in report mode', async () => {
    const document = await documentOf({ options: { mode: 'report' } })
    expect(securityOf(document)).toMatchObject({ '/me': [{}, ...FULL], '/healthz': [] })
    expect(codesOf(document.paths['/me']?.['get'] as Operation)).toEqual([])
  })

  it('has an alternative without certificate and token in report mode, also next to the security of a schema', async () => {
    const document = await documentOf({
      options: { mode: 'report' },
      schemes: { login: LOGIN, other: LOGIN },
      routes(app) {
        const security = [{ mutualTLS: [], login: [] }, { cloudflareAccess: [] }, { other: [] }]
        app.get('/own', { schema: { security } as object }, () => 'own')
        const config = { clientCert: false } as const
        app.get('/hook', { config, schema: { security: [{ mutualTLS: [] }] } as object }, () => 'hook')
      },
    })
    expect(securityOf(document)).toMatchObject({
      '/own': [{ login: [] }, {}, { mutualTLS: [], login: [] }, { cloudflareAccess: [] }, { other: [] }],
      '/hook': [{ mutualTLS: [] }],
    })
  })

  it("has the requirement of a rule, and leaves a route's own security, responses and hiding", async () => {
    const document = await documentOf({
      options: { routes: [{ url: '/open', clientCert: false }] },
      routes(app) {
        app.get('/open', () => 'open')
        const own = { description: 'own', type: 'null' }
        app.get('/own', { schema: { security: [{ mutualTLS: [] }], response: { 403: own } } as object }, () => 'own')
        app.get('/hidden', { schema: { hide: true } as object }, () => 'hidden')
      },
    })
    expect(securityOf(document)).toMatchObject({ '/open': [], '/own': [{ mutualTLS: [] }] })
    const responses = document.paths['/own']?.['get']?.responses ?? {}
    expect(responses['403']?.description).toBe('own')
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '503']))
    expect(document.paths['/hidden']).toBeUndefined()
  })

  it.each([
    ['first', [false, optional(), 'ops']],
    ['last', ['ops', optional(), false]],
  ] as const)('describes the host that demands most of one url, with the public host %s', async (_, requirements) => {
    const document = await documentOf({
      routes(app) {
        requirements.forEach((clientCert, index) => {
          const constraints = { host: `${index}.example.com` }
          app.get('/hosts', { constraints, config: { clientCert } }, () => 'host')
        })
      },
    })
    expect(securityOf(document)).toMatchObject({ '/hosts': FULL })
    expect(codesOf(document.paths['/hosts']?.['get'] as Operation)).toContain('CSN_CERT_FORBIDDEN')
  })

  it('has the security of HEAD and OPTIONS too', async () => {
    const document = await documentOf({
      routes(app) {
        const config = { clientCert: 'ops', swagger: { exposeHeadRoute: true } } as const
        app.get('/report', { config }, () => 'report')
        app.options('/report', { config: { clientCert: false } }, () => '')
      },
    })
    expect(document.paths['/report']).toMatchObject({
      get: { security: FULL },
      head: { security: FULL },
      options: { security: [] },
    })
  })

  it('keeps the work of your own transform', async () => {
    const transform: CountersignOpenApiOptions['transform'] = ({ schema, url }) => ({
      schema: { ...schema, summary: `at ${url}` } as object,
      url: `/v1${url}`,
    })
    const { paths } = await documentOf({ openapi: { transform } })
    expect(paths['/v1/me']?.['get']).toMatchObject({ summary: 'at /me', security: FULL })
  })

  it('of an older version is an error that says what to write', async () => {
    await expect(documentOf({ version: '3.0.3' })).rejects.toThrow(
      new TypeError(
        "the document is of version 3.0.3, which has no mutualTLS; write openapi: { openapi: '3.1.0', … } in the options of @fastify/swagger",
      ),
    )
  })

  it('needs the plugin in its scope', () => {
    expect(() => countersignOpenApi(Fastify() as FastifyInstance)).toThrow(
      new TypeError('countersign is not registered in this scope; await app.register(countersign, …) before'),
    )
  })

  it.each([
    [() => ({}), 'the second argument of countersignOpenApi must be an object'],
    [null, 'the second argument of countersignOpenApi must be an object'],
    [{ transfrom: () => ({}) }, 'countersignOpenApi: unknown option "transfrom"; known options are transform'],
    [{ transform: undefined }, 'countersignOpenApi: option "transform" is undefined; set a value or remove it'],
    [{ transform: true }, 'transform must be a function'],
  ])('refuses the options %o', async (openapi, message) => {
    await expect(documentOf({ openapi: openapi as never })).rejects.toThrow(new TypeError(message))
  })
})
