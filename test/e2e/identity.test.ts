import { X509Certificate } from 'node:crypto'
import { type ClientCert, clientCertOf, DistinguishedName } from '@countersign/origin-plugin'
import { headerLines } from '@countersign/test-support/wire-request'
import { describe, expect, it } from 'vitest'
import { startChain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

describe('request.clientCert at the end of the chain', () => {
  let seen: ClientCert | undefined
  const chain = useChain({
    routes(app) {
      app.get('/me', (request) => {
        seen = clientCertOf(request)
        return { subject: seen.subject, access: request.access }
      })
    },
  })

  it.each(['alice', 'bob', 'rsa', 'branch'] as const)('has the values of the certificate of %s', async (name) => {
    const client = chain.edge.clients[name]
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
    const x509 = new X509Certificate(client.cert)
    expect(seen).toMatchObject({
      serialNumber: x509.serialNumber,
      fingerprint: x509.fingerprint,
      fingerprint256: x509.fingerprint256,
      validFromDate: x509.validFromDate,
      validToDate: x509.validToDate,
      subjectAltName: x509.subjectAltName,
      verified: true,
      verification: 'SUCCESS',
      revoked: false,
    })
    expect(seen?.x509?.raw).toEqual(x509.raw)
    const lines = (text: string) => text.split('\n').reverse().join(',')
    expect(String(seen?.subject)).toBe(lines(x509.subject))
    expect(String(seen?.issuer)).toBe(lines(x509.issuer))
  })

  it('has the alternative names by kind', async () => {
    const san = {
      dns: ['Pay.Acme.Example'],
      email: ['pay@acme.example'],
      uri: ['spiffe://acme/pay'],
      ip: ['10.0.0.1', '2001:db8::1'],
    }
    const client = await chain.edge.issueClient({ subject: 'CN=pay', san })
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
    expect(seen?.subjectAltNames).toEqual({ ...san, upn: [], unread: [], dns: ['pay.acme.example'] })
  })

  it.each([
    ['INN=7707083893,OGRN=1027700132195,CN=pay', 'INN', '7707083893'],
    ['0.9.2342.19200300.100.1.44=7,CN=pay', 'uniqueIdentifier', '7'],
    ['roomNumber=12,host=a.example,owner=b,member=c,CN=pay', 'host', 'a.example'],
    ['1.3.6.1.7=x,1.3.6.1=y,CN=pay', '1.3.6.1', 'y'],
  ])('has the subject %s of the certificate, however the edge prints it', async (subject, type, value) => {
    const client = await chain.edge.issueClient({ subject })
    expect(await chain.through('/me', { client })).toMatchObject({ status: 200 })
    expect(seen?.subject.get(type)).toBe(value)
    expect(seen?.subject.CN).toBe('pay')
  })

  it.each([
    ['user', { kind: 'user', email: expect.stringContaining('@') }],
    ['service', { kind: 'service', clientId: expect.stringMatching(/\.access$/) }],
    ['certificate', { kind: 'certificate', commonName: 'alice' }],
  ])('comes with the identity that Access admitted: a %s', async (which, access) => {
    const headers = { 'Countersign-Dev-Access': which }
    const { body } = await chain.through('/me', { client: chain.edge.clients.alice, headers })
    expect(JSON.parse(body)).toMatchObject({ subject: 'CN=alice,OU=Ops,O=Acme,C=US', access })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('comes over %s', async (maxVersion) => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice, maxVersion })).toMatchObject({ status: 200 })
  })
})

describe('the certificate that the Worker forwards', () => {
  it.each([
    ['none', undefined],
    ['leaf', 0],
    ['chain', 1],
  ] as const)('is %s', async (forwardCert, intermediates) => {
    const chain = await startChain({ edge: { forwardCert } })
    try {
      const captured = await chain.capture('/me', { client: chain.edge.clients.branch })
      const names = captured.headers.map((name) => name.toLowerCase())
      expect(names.includes('client-cert')).toBe(intermediates !== undefined)
      expect(names.includes('client-cert-chain')).toBe(intermediates === 1)
      expect(await chain.around(captured)).toMatchObject({ status: 200 })
    } finally {
      await chain.close()
    }
  })
})

describe('a long name that is not ASCII', () => {
  const subject = `CN=${'Ж'.repeat(64)},OU=${'Щ'.repeat(64)},O=Acme`

  it.each(['leaf', 'none'] as const)('comes in one form with names: rfc2253, next to %s', async (forwardCert) => {
    const chain = await startChain({
      edge: { forwardCert, names: 'rfc2253' },
      plugin: () => ({ trustedIssuers: null }),
    })
    try {
      const client = await chain.edge.issueClient({ subject })
      const { body } = await chain.through('/me', { client })
      expect(DistinguishedName.parse(JSON.parse(body).subject).CN).toBe('Ж'.repeat(64))
      const captured = headerLines(await chain.capture('/me', { client }))
      const names = captured.filter(([name]) => /^x-cert-(?:subject|issuer)-dn/i.test(name))
      expect(names.map(([name]) => name.toLowerCase()).sort()).toEqual([
        'x-cert-issuer-dn-2253',
        'x-cert-subject-dn-2253',
      ])
    } finally {
      await chain.close()
    }
  })
})
