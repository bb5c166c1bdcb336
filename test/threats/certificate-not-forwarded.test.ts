import type { DevEdge } from '@countersign/dev-edge'
import { headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const refused = { status: 403, code: 'CSN_CERT_UNTRUSTED_ISSUER' }

/** Issues a client whose certificate is larger than 10 KiB, which Cloudflare does not forward. */
function issueLarge(edge: DevEdge, subject: string) {
  const dns = Array.from({ length: 420 }, (_, index) => `host-${index}.some-long-name.acme.example`)
  return edge.issueClient({ name: 'large', subject, san: { dns } })
}

describe('a certificate above 10 KiB of another CA with the name and key identifier of the trusted one', () => {
  let chain: Chain
  let trusted: Chain
  let keyId: string
  beforeAll(async () => {
    // The CAs of both edges have the same name. The origin trusts that of the other edge, in PEM.
    trusted = await startChain()
    chain = await startChain({ plugin: () => ({ trustedIssuers: [trusted.edge.clientCa] }) })
    keyId = headerOf(await trusted.capture('/me', { client: trusted.edge.clients.alice }), 'x-cert-issuer-ski') ?? ''
  })
  afterAll(async () => {
    await chain.close()
    await trusted.close()
  })

  /** A CA chooses its own key identifier, so it can have that of the trusted one. */
  const claimed = (request: WireRequest) => chain.sign(withHeader(request, 'x-cert-issuer-ski', keyId))

  it('is refused, as a small one is', async () => {
    const small = await chain.capture('/me', { client: chain.edge.clients.alice })
    expect(headerOf(small, 'client-cert')).toBeDefined()
    expect(await chain.around(claimed(small))).toMatchObject(refused)

    const client = await issueLarge(chain.edge, 'CN=alice,OU=Ops,O=Acme,C=US')
    const large = await chain.capture('/alice', { client })
    expect(headerOf(large, 'client-cert')).toBeUndefined()
    expect(headerOf(large, 'x-cert-too-large')).toBe('1')
    expect(await chain.around(claimed(large))).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/^the certificate is larger than 10 KiB, .* or write \{ ca, byName: true \}/)
  })

  it('is refused without the mark, as a Worker that forwards nothing leaves it', async () => {
    const small = await chain.capture('/me', { client: chain.edge.clients.alice })
    expect(await chain.around(claimed(withHeader(small, 'client-cert', undefined)))).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/^the Worker does not forward the certificate, .* COUNTERSIGN_FORWARD_CERT/)
  })
})

describeThreat('a certificate above 10 KiB of the trusted CA', (chain) => {
  it('is refused too: its signature cannot be verified', async () => {
    const client = await issueLarge(chain.edge, 'CN=large,O=Acme')
    expect(await chain.through('/me', { client })).toMatchObject(refused)
  })
})

const byName = (edge: DevEdge) => ({ trustedIssuers: [{ ca: edge.clientCa, byName: true }] })

describeThreat('a CA that is trusted by name', { plugin: byName }, (chain) => {
  it('admits a certificate above 10 KiB, because the operator wrote so', async () => {
    const client = await issueLarge(chain.edge, 'CN=large,O=Acme')
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
  })

  it('does not admit one without the key identifier', async () => {
    const client = await issueLarge(chain.edge, 'CN=large,O=Acme')
    const request = await chain.capture('/me', { client })
    for (const keyId of [undefined, 'ABCD']) {
      const changed = chain.sign(withHeader(request, 'x-cert-issuer-ski', keyId))
      expect(await chain.around(changed)).toMatchObject(refused)
    }
  })
})
