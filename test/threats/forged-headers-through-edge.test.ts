import { headerLines } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('certificate headers that the client sends through the edge', (chain) => {
  const forged = {
    'X-CERT-PRESENTED': '1',
    'X-CERT-VERIFY': 'SUCCESS',
    'X-CERT-REVOKED': '0',
    'x-cert-subject-dn': 'CN=alice,O=Acme',
    'x-cert-subject-dn-2253': 'CN=alice,O=Acme',
    'Client-Cert': ':AAAA:',
  }

  it('have no effect without a certificate', async () => {
    expect(await chain.through('/alice', { headers: forged })).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
  })

  it('do not give bob the access of alice', async () => {
    const { bob } = chain.edge.clients
    expect(await chain.through('/alice', { client: bob, headers: forged })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_FORBIDDEN',
    })
    expect((await chain.through('/me', { client: bob, headers: forged })).body).toContain('CN=bob')
  })

  it('do not reach the origin', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.bob, headers: forged })
    expect(headerLines(captured).filter(([, value]) => value.includes('alice') || value === ':AAAA:')).toEqual([])
  })

  it('lose a forged signature under our label, and keep signatures under other labels', async () => {
    const headers = {
      'Signature-Input': 'sig1=("@method"), countersign=("@method")',
      Signature: 'sig1=:AAAA:, countersign=:AAAA:',
    }
    const answer = await chain.through('/me', { client: chain.edge.clients.bob, headers })
    expect(answer.status).toBe(200)
    const captured = await chain.capture('/me', { client: chain.edge.clients.bob, headers })
    const signature = headerLines(captured).find(([name]) => name.toLowerCase() === 'signature')?.[1]
    expect(signature).toMatch(/^countersign=:[^,]+:, sig1=:AAAA:$/)
  })
})
