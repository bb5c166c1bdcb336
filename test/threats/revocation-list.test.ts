import { headerOf } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const threat = "a certificate on the revocation list of the operator's own CA, which Cloudflare does not read"

let outage = false
const options: ChainOptions = {
  plugin: (edge) => ({
    trustedIssuers: [
      {
        ca: edge.clientCa,
        revocation: {
          crl: () => (outage ? Promise.reject(new Error('the server is down')) : edge.clientCrl()),
          refresh: 1,
        },
      },
      { dn: 'CN=Acme Branch CA,O=Acme' },
    ],
  }),
}

describeThreat(threat, options, (chain) => {
  it('is refused from the next load on, although Cloudflare reports it as verified and not revoked', async () => {
    const client = await chain.edge.issueClient({ name: 'lost' })
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
    chain.edge.addToCrl(client)
    const captured = await chain.capture('/me', { client })
    expect(headerOf(captured, 'x-cert-verify')).toBe('SUCCESS')
    expect(headerOf(captured, 'x-cert-revoked')).toBe('0')
    await expect
      .poll(async () => chain.around(chain.sign(captured)), { timeout: 10_000, interval: 200 })
      .toMatchObject({ status: 403, code: 'CSN_CERT_REVOKED' })
  })

  it('is refused while its list cannot be loaded again', async () => {
    const client = await chain.edge.issueClient({ name: 'gone' })
    chain.edge.addToCrl(client)
    await expect
      .poll(() => chain.through('/me', { client }), { timeout: 10_000, interval: 200 })
      .toMatchObject({ status: 403, code: 'CSN_CERT_REVOKED' })
    outage = true
    await expect.poll(() => chain.log.join('\n'), { timeout: 10_000 }).toContain('the server is down')
    expect(await chain.through('/me', { client })).toMatchObject({ status: 403, code: 'CSN_CERT_REVOKED' })
  })

  it('does not affect other clients, nor a CA without a list', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
    expect(await chain.through('/me', { client: chain.edge.clients.branch })).toMatchObject({ status: 200 })
  })
})
