import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a certificate that Cloudflare did not verify', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  it.each([
    ['none', undefined, 401, 'CSN_CERT_MISSING'],
    ['one of another CA', 'otherCa', 403, 'CSN_CERT_UNVERIFIED'],
    ['a self-signed one', 'selfSigned', 403, 'CSN_CERT_UNVERIFIED'],
    ['an expired one', 'expired', 403, 'CSN_CERT_EXPIRED'],
    ['one that is not yet valid', 'notYetValid', 403, 'CSN_CERT_EXPIRED'],
  ] as const)('is refused in a real handshake: %s', async (_what, name, status, code) => {
    const client = name && chain.edge.clients[name]
    expect(await chain.through('/me', { client })).toMatchObject({ status, code })
  })

  it('is refused when it is self-signed with the subject of the genuine one', async () => {
    const impostor = await chain.edge.issueClient({ subject: 'CN=alice,OU=Ops,O=Acme,C=US', issuer: 'self' })
    expect(await chain.through('/alice', { client: impostor })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_UNVERIFIED',
    })
  })

  const sent = (changes: Record<string, string>) => {
    const changed = Object.entries(changes).reduce((each, [name, value]) => withHeader(each, name, value), request)
    return chain.around(chain.sign(changed))
  }

  it.each([
    'FAILED',
    'FAILED:',
    'FAILED:self signed certificate',
    'FAILED:something new',
    'NONE',
    'success',
    'SUCCESS:',
    'SUCCESS, FAILED',
    'undefined',
    'true',
    '1',
  ])('is refused with the verdict "%s"', async (verdict) => {
    expect(await sent({ 'x-cert-verify': verdict })).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
  })

  it('is refused by Cloudflare’s verdict that it has expired, even with valid dates', async () => {
    expect(await sent({ 'x-cert-verify': 'FAILED:certificate has expired' })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_EXPIRED',
    })
  })

  it('is refused when presented is "0"', async () => {
    expect(await sent({ 'x-cert-presented': '0' })).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
  })

  it.each(['2', 'true', '01', '1, 1', 'undefined'])('is refused when presented is "%s"', async (flag) => {
    expect(await sent({ 'x-cert-presented': flag })).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
  })

  it('is refused by the clock of the origin when it expires in transit', async () => {
    const short = await chain.edge.issueClient({ notAfter: new Date(Date.now() + 1_200) })
    const captured = await chain.capture('/me', { client: short })
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect(await chain.around(captured)).toMatchObject({ status: 403, code: 'CSN_CERT_EXPIRED' })
    expect(chain.lastReason()).toContain('expired on')
  })
})
