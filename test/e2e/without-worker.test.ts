import type { DevClientName } from '@countersign/dev-edge'
import { optional } from '@countersign/origin-plugin'
import { headerLines } from '@countersign/test-support/wire-request'
import { describe, expect, it, vi } from 'vitest'
import { useChain } from '../support/use-chain.ts'

vi.setConfig({ testTimeout: 20_000 })

/** The client's answer at `/me`, and the reason of a refusal. */
type Outcome = [client: DevClientName | undefined, status: number, code: string | undefined, reason?: RegExp]

const NOT_SET = /^client-cert is missing; the transform rules set it only for a certificate that is verified/

describe('an origin behind transform rules (rfc9440)', () => {
  const chain = useChain({
    edge: { headers: 'rfc9440' },
    plugin: ({ source, clientCa, clientCrl }) => ({
      source,
      edge: null,
      trustedIssuers: [{ ca: clientCa, chain: { maxDepth: 1 }, revocation: { crl: clientCrl, refresh: 1 } }],
      policies: { dns: { san: { dns: 'pay.acme.example' } } },
    }),
    routes: (app) => {
      app.get('/me', ({ clientCert }) => ({
        subject: String(clientCert?.subject),
        names: Object.keys(clientCert?.raw ?? {}),
      }))
      app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'alice')
      app.get('/report.csv', () => 'a,b')
      app.get('/pay', { config: { clientCert: 'dns' } }, () => 'pay')
    },
  })

  it('reads the certificate from Client-Cert alone, request after request', async () => {
    for (const client of [chain.edge.clients.alice, chain.edge.clients.bob, chain.edge.clients.alice]) {
      const { status, body } = await chain.through('/me', { client })
      expect([status, JSON.parse(body)]).toEqual([
        200,
        { subject: expect.stringContaining('O=Acme'), names: ['client-cert'] },
      ])
    }
    expect((await chain.through('/alice', { client: chain.edge.clients.alice })).status).toBe(200)
    expect(await chain.through('/alice', { client: chain.edge.clients.bob })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_FORBIDDEN',
    })
  })

  it('sends nothing of the Worker', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const names = headerLines(captured).map(([name]) => name.toLowerCase())
    expect(names).toContain('client-cert')
    expect(names.filter((name) => /^(?:x-cert|cf-cert|signature|cf-worker)/.test(name))).toEqual([])
  })

  it('is behind the zone’s cache, which stores no answer of a guarded route', async () => {
    const client = chain.edge.clients.alice
    const { status, headers } = await chain.edge.fetch('/report.csv', { client })
    expect([status, headers['cf-cache-status']]).toEqual([200, 'BYPASS'])
    expect(await chain.through('/report.csv')).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
    expect((await chain.through('/report.csv', { client })).body).toBe('a,b')
  })

  it('guards by alternative names, which are in the certificate', async () => {
    const pay = await chain.edge.issueClient({ subject: 'CN=pay-1,O=Acme', san: { dns: ['pay.acme.example'] } })
    expect((await chain.through('/pay', { client: pay })).status).toBe(200)
    expect((await chain.through('/pay', { client: chain.edge.clients.alice })).code).toBe('CSN_CERT_FORBIDDEN')
  })

  it.each<Outcome>([
    [undefined, 401, 'CSN_CERT_MISSING', NOT_SET],
    ['expired', 401, 'CSN_CERT_MISSING', NOT_SET],
    ['notYetValid', 401, 'CSN_CERT_MISSING', NOT_SET],
    ['revoked', 401, 'CSN_CERT_MISSING', NOT_SET],
    ['selfSigned', 401, 'CSN_CERT_MISSING', NOT_SET],
    ['otherCa', 401, 'CSN_CERT_MISSING', NOT_SET],
    ['otherBranch', 401, 'CSN_CERT_MISSING', NOT_SET],
  ])('refuses the client %s with %d %s', async (name, status, code, reason) => {
    const client = name && chain.edge.clients[name]
    expect(await chain.through('/me', client && { client })).toMatchObject({ status, code })
    expect(chain.lastReason()).toMatch(reason as RegExp)
  })

  it('trusts a client below the root, by the chain in Client-Cert-Chain', async () => {
    const client = chain.edge.clients.branch
    const { status, body } = await chain.through('/me', { client })
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { subject: 'CN=branch,OU=Branch,O=Acme', names: ['client-cert', 'client-cert-chain'] },
    ])
    const lines = headerLines(await chain.capture('/me', { client }))
    const alone = lines.filter(([name]) => name.toLowerCase() !== 'client-cert-chain')
    const request = { method: 'GET', target: '/me', headers: alone.flat() }
    expect(await chain.around(request)).toMatchObject({ status: 403, code: 'CSN_CERT_UNTRUSTED_ISSUER' })
    expect(chain.lastReason()).toMatch(/Client-Cert-Chain is missing; write it in the transform rule/)
  })

  it('refuses a certificate on the list of its CA, which Cloudflare does not read', async () => {
    const client = await chain.edge.issueClient({ subject: 'CN=leaver,O=Acme' })
    expect((await chain.through('/me', { client })).status).toBe(200)
    chain.edge.addToCrl(client)
    await expect
      .poll(async () => (await chain.through('/me', { client })).code, { timeout: 10_000 })
      .toBe('CSN_CERT_REVOKED')
  })
})

describe('an origin behind the managed transform (cf-cert)', () => {
  const chain = useChain({
    edge: { headers: 'cf-cert' },
    plugin: ({ source, clientCa }) => ({
      source,
      edge: null,
      trustedIssuers: [{ ca: clientCa, byName: true }, { dn: 'CN=Acme Branch CA,O=Acme' }],
    }),
    routes: (app) => {
      app.get('/me', ({ clientCert }) => ({
        subject: String(clientCert?.subject),
        serial: clientCert?.raw['cf-cert-serial'],
        x509: clientCert?.x509 ?? null,
      }))
      app.get('/login', { config: { clientCert: optional() } }, ({ clientCert }) => ({
        name: clientCert?.subject.CN ?? null,
      }))
      app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'alice')
    },
  })

  it('reads the certificate from the headers of the managed transform', async () => {
    const { status, body } = await chain.through('/me', { client: chain.edge.clients.alice })
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { subject: 'CN=alice,OU=Ops,O=Acme,C=US', serial: expect.stringMatching(/^[0-9A-F]+$/), x509: null },
    ])
    expect((await chain.through('/alice', { client: chain.edge.clients.alice })).status).toBe(200)
    expect(await chain.through('/alice', { client: chain.edge.clients.bob })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_FORBIDDEN',
    })
  })

  it('reads a name that is not ASCII', async () => {
    const client = await chain.edge.issueClient({ subject: 'CN=Zoë,O=Acme' })
    const { status, body } = await chain.through('/me', { client })
    expect([status, JSON.parse(body).subject]).toEqual([200, 'CN=Zoë,O=Acme'])
  })

  it.each([
    ['alice', 200, '{"name":"alice"}'],
    [undefined, 200, '{"name":null}'],
    ['revoked', 403, 'CSN_CERT_REVOKED'],
    ['expired', 403, 'CSN_CERT_UNVERIFIED'],
  ] as const)('answers the client %s on an optional route with %d %s', async (name, status, content) => {
    const client = name && chain.edge.clients[name]
    const answer = await chain.through('/login', client && { client })
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining(content)])
  })

  it.each<Outcome>([
    ['branch', 200, undefined],
    [undefined, 401, 'CSN_CERT_MISSING', /^the client did not present a certificate$/],
    ['expired', 403, 'CSN_CERT_UNVERIFIED', /^Cloudflare's verdict is false \(serial number /],
    ['notYetValid', 403, 'CSN_CERT_UNVERIFIED', /^Cloudflare's verdict is false \(/],
    ['selfSigned', 403, 'CSN_CERT_UNVERIFIED', /^Cloudflare's verdict is false \(/],
    ['otherCa', 403, 'CSN_CERT_UNVERIFIED', /^Cloudflare's verdict is false \(/],
    ['revoked', 403, 'CSN_CERT_REVOKED', /^Cloudflare lists the certificate as revoked \(/],
  ])('answers the client %s with %d %s', async (name, status, code, reason) => {
    const client = name && chain.edge.clients[name]
    const answer = await chain.through('/me', client && { client })
    expect([answer.status, answer.code]).toEqual([status, code])
    if (reason) expect(chain.lastReason()).toMatch(reason)
  })
})
