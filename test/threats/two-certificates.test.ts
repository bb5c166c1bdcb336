import { headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('headers of one certificate with the Client-Cert of another', (chain) => {
  let alice: WireRequest
  let bob: WireRequest
  beforeAll(async () => {
    alice = await chain.capture('/alice', { client: chain.edge.clients.alice })
    bob = await chain.capture('/me', { client: chain.edge.clients.bob })
  })

  const mismatch = { status: 403, code: 'CSN_CERT_MISMATCH' }
  const malformed = { status: 400, code: 'CSN_HEADERS_MALFORMED' }
  const sent = (name: string, value: string | undefined) => chain.around(chain.sign(withHeader(alice, name, value)))

  it('are accepted when the two agree', async () => {
    expect(await chain.around(chain.sign(alice))).toMatchObject({ status: 200 })
  })

  it('are refused', async () => {
    expect(await sent('client-cert', headerOf(bob, 'client-cert'))).toMatchObject(mismatch)
  })

  it.each(['x-cert-subject-dn-2253', 'x-cert-serial', 'x-cert-finger', 'x-cert-finger-256'])(
    'are refused when only %s differs',
    async (name) => {
      expect(await sent(name, headerOf(bob, name))).toMatchObject(mismatch)
      expect(chain.lastReason()).toContain(name.replace('-2253', ''))
    },
  )

  it.each(['x-cert-notbe', 'x-cert-notaf'])('are refused when only %s differs', async (name) => {
    expect(
      await sent(name, name.endsWith('be') ? 'Jan  1 00:00:00 2020 GMT' : 'Jan  1 00:00:00 2090 GMT'),
    ).toMatchObject(mismatch)
  })

  it('are refused when only the issuer differs', async () => {
    expect(await sent('x-cert-issuer-dn-2253', 'CN=Acme Branch CA,O=Acme')).toMatchObject(mismatch)
  })

  it.each(['::', 'AAAA', ':!!:', ':MIIB', ':AAA:', ':AB==:'])('are refused when Client-Cert is %s', async (value) => {
    expect(await sent('client-cert', value)).toMatchObject(malformed)
  })

  it.each([':AAAA:', `:${'A'.repeat(8000)}:`])('are refused when Client-Cert is the bytes %s', async (value) => {
    expect(await sent('client-cert', value)).toMatchObject(mismatch)
  })

  it('are refused when Client-Cert contains a second certificate after the first', async () => {
    const der = (request: WireRequest) => Buffer.from(headerOf(request, 'client-cert')?.slice(1, -1) ?? '', 'base64')
    const both = Buffer.concat([der(bob), der(alice)]).toString('base64')
    expect(await sent('client-cert', `:${both}:`)).toMatchObject(mismatch)
  })
})
