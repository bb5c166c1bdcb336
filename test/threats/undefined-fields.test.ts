import { headerLines } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a field that Cloudflare leaves empty', { edge: { forwardCert: 'chain' } }, (chain) => {
  it('never becomes the text undefined, null or an empty line', async () => {
    const { alice, selfSigned } = chain.edge.clients
    for (const client of [undefined, alice, selfSigned]) {
      const captured = await chain.capture('/me', { client })
      const odd = headerLines(captured).filter(([, value]) =>
        ['', 'undefined', 'null', '[object Object]', '::'].includes(value),
      )
      expect(odd).toEqual([])
    }
  })

  it('is omitted: without a certificate, only three headers are sent', async () => {
    const captured = await chain.capture('/me')
    const family = headerLines(captured).filter(([name]) => /^(?:x-cert|client-cert)/i.test(name))
    expect(family.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()).toEqual([
      'x-cert-presented: 0',
      'x-cert-revoked: 0',
      'x-cert-verify: NONE',
    ])
  })

  it('as an empty subject is an empty name', async () => {
    const client = await chain.edge.issueClient({ subject: '', san: { uri: ['spiffe://acme/pay'] } })
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200, body: '{"subject":""}' })
  })
})
