import { createTestEdge } from '@countersign/dev-edge/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildApp } from './app.ts'

const edge = await createTestEdge()
const pay = { subject: 'CN=pay-1,O=Acme' }

let app: Awaited<ReturnType<typeof buildApp>>
beforeEach(async () => {
  app = await buildApp(edge.options)
})
afterEach(() => app.close())

describe('POST /pay', () => {
  it('takes an order of a payment client', async () => {
    const response = await edge.inject(app, { method: 'POST', url: '/pay?dry=1', payload: { amount: 5 }, cert: pay })
    expect(response.json()).toEqual({ paidBy: 'pay-1', order: { amount: 5 } })
  })

  it.each([
    ['another subject', { cert: { subject: 'CN=pay-1,O=Other' } }, 403, 'CSN_CERT_FORBIDDEN'],
    ['no certificate', { cert: null }, 401, 'CSN_CERT_MISSING'],
    ['an expired certificate', { cert: { ...pay, expired: true } }, 403, 'CSN_CERT_EXPIRED'],
    ['a revoked certificate', { cert: { ...pay, revoked: true } }, 403, 'CSN_CERT_REVOKED'],
    ['a CA that Cloudflare does not know', { cert: { ...pay, issuer: 'other' } }, 403, 'CSN_CERT_UNVERIFIED'],
    ['a CA that we do not trust', { cert: { ...pay, issuer: 'intermediate' } }, 403, 'CSN_CERT_UNTRUSTED_ISSUER'],
    ['no token', { cert: pay, access: null }, 401, 'CSN_ACCESS_TOKEN_MISSING'],
    ['an expired token', { cert: pay, access: 'expired' }, 401, 'CSN_ACCESS_TOKEN_EXPIRED'],
  ] as const)('refuses %s', async (_case, identity, status, code) => {
    const response = await edge.inject(app, { method: 'POST', url: '/pay', payload: {}, ...identity })
    expect([response.statusCode, response.json().code]).toEqual([status, code])
  })
})

describe('every route', () => {
  const code = (response: { json(): { code?: string } }) => response.json().code

  it('refuses a request that did not come through the edge', async () => {
    expect(code(await app.inject('/me'))).toBe('CSN_SIGNATURE_MISSING')
  })

  it('refuses headers that were changed on the way', async () => {
    const headers = await edge.headers({ method: 'GET', url: '/me', cert: pay })
    const changed = { ...headers, 'x-cert-subject-dn-2253': 'CN=admin,O=Acme' }
    expect(code(await app.inject({ url: '/me', headers: changed }))).toBe('CSN_SIGNATURE_INVALID')
  })

  it("refuses another edge's signature", async () => {
    const stranger = await createTestEdge()
    expect(code(await stranger.inject(app, { url: '/me', cert: pay }))).toBe('CSN_SIGNATURE_INVALID')
  })

  it('refuses the same headers a second time', async () => {
    const headers = await edge.headers({ method: 'GET', url: '/me', cert: pay })
    expect((await app.inject({ url: '/me', headers })).json()).toEqual({ name: 'pay-1', access: 'user' })
    expect(code(await app.inject({ url: '/me', headers }))).toBe('CSN_SIGNATURE_REPLAYED')
  })

  it('refuses headers that were kept for two minutes', async () => {
    const headers = await edge.headers({ method: 'GET', url: '/me', cert: pay })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 })
    const response = await app.inject({ url: '/me', headers })
    vi.useRealTimers()
    expect(code(response)).toBe('CSN_SIGNATURE_EXPIRED')
  })
})
