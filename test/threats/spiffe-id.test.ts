import { not } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { type ChainOptions, startChain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const spiffe = { trustDomain: 'acme.example', path: '/ns/prod' }
const options: ChainOptions = {
  routes(app) {
    app.get('/prod', { config: { clientCert: { spiffe } } }, (request) => request.clientCert?.spiffeId)
    app.get('/others', { config: { clientCert: not({ spiffe }) } }, () => 'another workload')
  },
}

describeThreat('a certificate that looks like the workload of another one', options, (chain) => {
  const ask = async (path: string, uri: readonly string[]) => {
    const client = await chain.edge.issueClient({ subject: 'CN=mallory', san: { uri } })
    const { status, code, body } = await chain.through(path, { client })
    return { status, code, body, reason: status === 200 ? undefined : chain.lastReason() }
  }
  const refused = { status: 403, code: 'CSN_CERT_FORBIDDEN' }

  it.each(['spiffe://acme.example/ns/prod', 'spiffe://acme.example/ns/prod/sa/pay'])('admits %s', async (id) => {
    expect(await ask('/prod', [id])).toMatchObject({ status: 200, body: id })
    expect(await ask('/others', [id])).toMatchObject({
      ...refused,
      reason:
        'spiffe spiffe://acme.example/ns/prod matches and is excluded (subject CN=mallory, issuer CN=Acme Client CA,O=Acme)',
    })
  })

  it.each([
    'spiffe://acme.example/ns/production',
    'spiffe://acme.example/ns',
    'spiffe://acme.example/ns/PROD',
    'spiffe://acme.example/x/ns/prod',
    'spiffe://acme.example.evil.example/ns/prod',
    'spiffe://evil.acme.example/ns/prod',
    'spiffe://evil.example/acme.example/ns/prod',
    'https://acme.example/ns/prod',
  ])('takes %s for another workload', async (id) => {
    expect(await ask('/prod', [id])).toMatchObject(refused)
    expect(await ask('/others', [id])).toMatchObject({ status: 200 })
  })

  it.each([
    'spiffe://acme.example/ns/test/../prod',
    'spiffe://acme.example/ns/./prod',
    'spiffe://acme.example/ns//prod',
    'spiffe://acme.example//ns/prod',
    'spiffe://acme.example/ns/prod/',
    'spiffe://acme.example/ns/%70rod',
    'spiffe://acme.example/ns%2fprod',
    'spiffe://acme.example/ns/prod?x=1',
    'spiffe://acme.example/ns/prod#x',
    'spiffe://ACME.example/ns/prod',
    'SPIFFE://acme.example/ns/prod',
    'spiffe://acme.example:443/ns/prod',
    'spiffe://evil@acme.example/ns/prod',
    'spiffe://acme.example./ns/prod',
    'spiffe://acme.example',
    'spiffe:acme.example/ns/prod',
  ])('admits %s nowhere, because readers disagree on it', async (id) => {
    expect(await ask('/prod', [id])).toMatchObject(refused)
    expect(await ask('/others', [id])).toMatchObject(refused)
  })

  it.each([
    [['spiffe://acme.example/ns/prod', 'spiffe://evil.example/x']],
    [['spiffe://evil.example/x', 'spiffe://acme.example/ns/prod']],
    [['https://acme.example/', 'spiffe://acme.example/ns/prod']],
  ])('admits several URIs nowhere: %j', async (uris) => {
    const reason =
      'the certificate has no valid SPIFFE ID: the certificate has 2 URIs, and a SPIFFE ID must be the only one (subject CN=mallory, issuer CN=Acme Client CA,O=Acme)'
    expect(await ask('/prod', uris)).toMatchObject({ ...refused, reason })
    expect(await ask('/others', uris)).toMatchObject({ ...refused, reason })
  })
})

describe('a SPIFFE ID that the Worker does not forward', () => {
  it('admits nobody, and the reason names the setting', async () => {
    const chain = await startChain({
      ...options,
      edge: { forwardCert: 'none' },
      plugin: () => ({ trustedIssuers: null }),
    })
    try {
      const client = await chain.edge.issueClient({
        subject: 'CN=pay',
        san: { uri: ['spiffe://acme.example/ns/prod'] },
      })
      for (const path of ['/prod', '/others']) {
        expect(await chain.through(path, { client })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
        expect(chain.lastReason()).toBe(
          'the SPIFFE ID is unknown, because the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf (subject CN=pay, issuer CN=Acme Client CA,O=Acme)',
        )
      }
    } finally {
      await chain.close()
    }
  })
})
