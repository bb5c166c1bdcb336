import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type LightMyRequestResponse } from 'fastify'
import { describe, expect, it } from 'vitest'
import { createTestEdge, type TestEdgeOptions } from './index.ts'

const PAY = { subject: 'CN=pay-1,O=Acme' }
const codeOf = (response: LightMyRequestResponse) => [response.statusCode, response.json().code]

async function originWith(options: CountersignPluginOptions) {
  const app = Fastify()
  await app.register(countersign, options)
  app.all('/pay', { config: { clientCert: { subject: { CN: ['pay-1', 'Zoë'] } } } }, (request) => ({
    subject: String(clientCertOf(request).subject),
    host: request.host,
    query: request.query,
    body: request.body ?? null,
  }))
  return app
}

async function start(headers: 'rfc9440' | 'cf-cert') {
  const edge = await createTestEdge({ headers })
  return { edge, app: await originWith(edge.options) }
}

describe.each(['rfc9440', 'cf-cert'] as const)('a test edge with headers: "%s"', async (source) => {
  const { edge, app } = await start(source)

  it('has the options of its origin', () => {
    expect(edge.options).toMatchObject({ source, edge: null, access: { audience: expect.any(String) } })
  })

  it('is admitted again and again, with its target, its host and its body', async () => {
    for (let time = 0; time < 2; time += 1) {
      const request = {
        method: 'POST',
        url: 'https://app.example.com/pay?id=1',
        payload: { amount: 1 },
        cert: PAY,
      } as const
      const response = await edge.inject(app, request)
      expect([response.statusCode, response.json()]).toEqual([
        200,
        { subject: 'CN=pay-1,O=Acme', host: 'app.example.com', query: { id: '1' }, body: { amount: 1 } },
      ])
    }
  })

  it('passes a name that is not ASCII', async () => {
    const response = await edge.inject(app, { url: '/pay', cert: { subject: 'CN=Zoë,O=Acme' } })
    expect([response.statusCode, response.json().subject]).toEqual([200, 'CN=Zoë,O=Acme'])
  })

  it('is refused for another client, without a certificate, and without a token', async () => {
    expect(codeOf(await edge.inject(app, { url: '/pay', cert: { subject: 'CN=x' } }))).toEqual([
      403,
      'CSN_CERT_FORBIDDEN',
    ])
    expect(codeOf(await edge.inject(app, { url: '/pay' }))).toEqual([401, 'CSN_CERT_MISSING'])
    expect(codeOf(await edge.inject(app, { url: '/pay', cert: PAY, access: null }))).toEqual([
      401,
      'CSN_ACCESS_TOKEN_MISSING',
    ])
    const revoked = await edge.inject(app, { url: '/pay', cert: { ...PAY, revoked: true } })
    expect(codeOf(revoked)).toEqual(source === 'rfc9440' ? [401, 'CSN_CERT_MISSING'] : [403, 'CSN_CERT_REVOKED'])
  })

  it('replaces the headers that the client wrote, and leaves those of the Worker', async () => {
    const forged = { 'client-cert': ':AA==:', 'cf-cert-verified': 'true' }
    const own = source === 'rfc9440' ? 'client-cert' : 'cf-cert-verified'
    const headers = { [own]: forged[own] }
    expect((await edge.inject(app, { url: '/pay', headers, cert: PAY })).statusCode).toBe(200)
    expect(codeOf(await edge.inject(app, { url: '/pay', headers }))).toEqual([401, 'CSN_CERT_MISSING'])
    const others = { 'X-CERT-SERIAL': '0A' }
    expect(codeOf(await edge.inject(app, { url: '/pay', headers: others, cert: PAY }))).toEqual([
      400,
      'CSN_HEADERS_MALFORMED',
    ])
  })

  it('sends nothing of the Worker', async () => {
    const names = Object.keys(await edge.headers({ url: '/pay', cert: PAY }))
    expect(names.filter((name) => /^(?:x-cert-|signature)/.test(name))).toEqual([])
    expect(names).toContain('host')
  })

  it.each<[TestEdgeOptions, string]>([
    [{ alg: 'ed25519' }, `alg belongs to the Worker, and headers: "${source}" is a zone without one; remove alg`],
    [
      { forwardCert: 'leaf' },
      `forwardCert belongs to the Worker, and headers: "${source}" is a zone without one; remove forwardCert`,
    ],
    [{ access: null }, `access must not be null with headers: "${source}"; remove it, because the origin needs access`],
  ])('refuses %o', async (options, message) => {
    await expect(createTestEdge({ ...options, headers: source })).rejects.toThrow(new TypeError(message))
  })
})

it('createTestEdge refuses an unknown source', async () => {
  await expect(createTestEdge({ headers: 'client-cert' as never })).rejects.toThrow(
    new TypeError('headers must be "worker", "rfc9440" or "cf-cert"'),
  )
  const edge = await createTestEdge({ headers: 'worker' })
  expect(edge.options.edge.keys).toHaveLength(1)
})
