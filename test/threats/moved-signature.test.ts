import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a captured signature on another request', (chain) => {
  let captured: WireRequest
  beforeAll(async () => {
    captured = await chain.capture('/me?a=1&b=2', { client: chain.edge.clients.alice })
  })

  it.each([
    ['path', { target: '/alice?a=1&b=2' }],
    ['path in another encoding', { target: '/%6De?a=1&b=2' }],
    ['path with an additional slash', { target: '/me/?a=1&b=2' }],
    ['query', { target: '/me?a=1&b=3' }],
    ['query in another order', { target: '/me?b=2&a=1' }],
    ['query, an empty one', { target: '/me' }],
    ['method', { method: 'POST' }],
    ['method with the same handler', { method: 'HEAD' }],
  ])('is refused on another %s', async (_what, change) => {
    const answer = await chain.around({ ...captured, ...change })
    expect(answer.status).toBe(401)
    expect(chain.lastReason()).toMatch(/^the signature does not verify for (?:GET|POST|HEAD) /)
  })

  it('is refused on another host', async () => {
    expect(await chain.around(withHeader(captured, 'host', 'other.example'))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })

  it("is refused with another caller's Access token", async () => {
    const token = await chain.edge.accessToken({ as: 'user' })
    expect(await chain.around(withHeader(captured, 'cf-access-jwt-assertion', token))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })

  it('is accepted on its own request', async () => {
    expect(await chain.around(captured)).toMatchObject({ status: 200 })
  })
})
