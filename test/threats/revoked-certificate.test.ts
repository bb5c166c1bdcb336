import { headerOf, withHeader } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a revoked certificate', (chain) => {
  it('is refused although its verdict is SUCCESS', async () => {
    const client = await chain.edge.issueClient()
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
    chain.edge.revokeAtEdge(client)
    const captured = await chain.capture('/me', { client })
    expect(headerOf(captured, 'x-cert-verify')).toBe('SUCCESS')
    expect(await chain.around(captured)).toMatchObject({ status: 403, code: 'CSN_CERT_REVOKED' })
  })

  it.each(['2', 'true', 'no', '-'])('is not accepted with the flag "%s"', async (flag) => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const changed = chain.sign(withHeader(captured, 'x-cert-revoked', flag))
    expect(await chain.around(changed)).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
  })
})

const options: ChainOptions = { edge: { require: 'verified' } }

describeThreat('a revoked certificate, at an edge that requires a verified one', options, (chain) => {
  it('does not reach the origin', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.revoked })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_REVOKED',
    })
    expect(await chain.through('/healthz')).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
    expect(chain.log.filter((line) => line.includes('incoming request'))).toEqual([])
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })
})
