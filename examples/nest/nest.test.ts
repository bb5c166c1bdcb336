import { createTestEdge, type TestInjectOptions } from '@countersign/dev-edge/testing'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from './build-app.ts'

const bob = { subject: 'CN=bob,OU=Sales,O=Acme' }
const alice = { subject: 'CN=alice,OU=Ops,O=Acme' }
const carol = { subject: 'CN=carol,OU=Ops,O=Acme' }

const edge = await createTestEdge()

let app: NestFastifyApplication
beforeAll(async () => {
  app = await buildApp(edge.options)
  await app.init()
})
afterAll(() => app.close())

/** The answer to a request through the edge. */
const send = (request: TestInjectOptions) => edge.inject(app.getHttpAdapter().getInstance(), request)
const statusOf = async (request: Parameters<typeof send>[0]) => (await send(request)).statusCode

describe('the handlers', () => {
  it('get the certificate as a parameter', async () => {
    const response = await send({ url: '/api/v1/me', cert: bob })
    expect(response.json()).toEqual({ name: 'bob', validTo: expect.stringMatching(/ GMT$/) })
  })

  it('may get none with @OptionalClientCert, which the plugin has proven', async () => {
    expect((await send({ url: '/api/v1/greeting', cert: alice })).body).toBe('Hello alice')
    expect((await send({ url: '/api/v1/greeting' })).body).toBe('Hello stranger')
    expect((await send({ url: '/api/v1/greeting', cert: { ...alice, expired: true } })).statusCode).toBe(403)
    expect((await app.inject('/api/v1/greeting')).statusCode).toBe(401)
  })

  it('are public with @Public, without the prefix and the version too', async () => {
    const response = await app.inject('/healthz')
    expect([response.statusCode, response.json()]).toEqual([200, { ok: true }])
    expect(response.headers['cache-control']).toBeUndefined()
  })

  it('have the requirement of their class', async () => {
    const url = '/api/v1/jobs'
    expect(await statusOf({ url, cert: bob })).toBe(403)
    expect(await statusOf({ method: 'POST', url, cert: bob, payload: { name: 'backup' } })).toBe(403)
    expect(await statusOf({ method: 'POST', url, cert: carol, payload: { name: 'backup' } })).toBe(201)
    expect((await send({ url, cert: alice })).json()).toEqual(['backup'])
    expect(await statusOf({ method: 'HEAD', url, cert: bob })).toBe(403)
    expect(await statusOf({ method: 'HEAD', url, cert: alice })).toBe(200)
  })

  it('have the requirement of their class in each version', async () => {
    expect(await statusOf({ url: '/api/v2/jobs', cert: bob })).toBe(403)
    expect((await send({ url: '/api/v2/jobs', cert: alice })).json()).toEqual([{ name: 'backup', owner: 'carol' }])
  })

  it('have a requirement of their own in place of that of the class', async () => {
    expect(await statusOf({ method: 'DELETE', url: '/api/v1/jobs', cert: carol })).toBe(403)
    expect(await statusOf({ method: 'DELETE', url: '/api/v1/jobs', cert: alice })).toBe(204)
  })

  it('are listed with their requirements', () => {
    const routes = app.getHttpAdapter().getInstance().clientCertRoutes()
    expect(
      routes
        .filter(({ method }) => method !== 'HEAD')
        .map(({ method, url, protection, requirement }) => [method, url, protection, requirement].join(' ')),
    ).toEqual([
      'GET /api/v1/me verified any verified certificate',
      'GET /api/v1/greeting optional no certificate, or any verified certificate',
      'GET /healthz public none',
      'GET /api/v1/jobs guarded policy ops',
      'GET /api/v2/jobs guarded policy ops',
      'POST /api/v1/jobs guarded policy ops',
      'DELETE /api/v1/jobs guarded subject O=Acme and subject OU=Ops and subject CN=alice',
      'OPTIONS * public none',
    ])
  })
})

describe('a refusal', () => {
  it.each([
    ['without the edge', () => app.inject('/api/v1/me'), 401, 'CSN_SIGNATURE_MISSING', 'Unauthorized'],
    ['without a certificate', () => send({ url: '/api/v1/me' }), 401, 'CSN_CERT_MISSING', 'Unauthorized'],
    ['of another department', () => send({ url: '/api/v1/jobs', cert: bob }), 403, 'CSN_CERT_FORBIDDEN', 'Forbidden'],
    ['of an unknown path', () => send({ url: '/api/v1/nowhere' }), 401, 'CSN_CERT_MISSING', 'Unauthorized'],
    ['of a path without the prefix', () => app.inject('/jobs'), 401, 'CSN_SIGNATURE_MISSING', 'Unauthorized'],
  ] as const)('%s has the code, the status and the headers', async (_case, request, statusCode, code, error) => {
    const response = await request()
    expect(response.json()).toEqual({ statusCode, code, error, message: expect.any(String) })
    expect(response.statusCode).toBe(statusCode)
    expect(response.headers).toMatchObject({ 'cache-control': 'private, no-store' })
  })

  it('keeps 503 and its code, too', async () => {
    const keyless = await buildApp({
      ...edge.options,
      // Nothing listens there.
      access: { issuer: 'https://acme.cloudflareaccess.com', audience: 'a', jwksUri: 'http://127.0.0.1:1/certs' },
    })
    await keyless.init()
    const response = await edge.inject(keyless.getHttpAdapter().getInstance(), { url: '/api/v1/me', cert: bob })
    await keyless.close()
    expect([response.statusCode, response.json().code]).toEqual([503, 'CSN_ACCESS_KEYS_UNAVAILABLE'])
  })
})

describe("Nest's own answers", () => {
  it('to an unknown path need a certificate, and are for no shared cache', async () => {
    const response = await send({ url: '/api/v1/nowhere', cert: bob })
    expect(response.json()).toEqual({ statusCode: 404, error: 'Not Found', message: 'Cannot GET /api/v1/nowhere' })
    expect(response.headers).toMatchObject({ 'cache-control': 'private, no-store' })
  })

  it('to a preflight need none', async () => {
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const response = await app.inject({ method: 'OPTIONS', url: '/api/v1/jobs', headers })
    expect(response.statusCode).toBe(204)
    expect(response.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example.com' })
  })
})
