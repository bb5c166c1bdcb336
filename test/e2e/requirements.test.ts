import { X509Certificate } from 'node:crypto'
import { allOf, anyOf, type CertificateRequirement, not, type Requirement } from '@countersign/origin-plugin'
import { withHeader } from '@countersign/test-support/wire-request'
import { describe, expect, it } from 'vitest'
import { useChain } from '../support/use-chain.ts'

const SMART_CARD = '1.3.6.1.4.1.311.20.2.2'
const ID = 'spiffe://acme.example/ns/prod/sa/pay'

const PROPERTIES = {
  purpose: { extendedKeyUsage: SMART_CARD },
  spiffe: { spiffe: { trustDomain: 'acme.example', path: '/ns/prod' } },
  upn: { san: { upn: 'pay@acme.example' } },
  unit: { subject: { OU: { some: 'Ops' } } },
  claim: { access: { claims: { 'custom.groups': ['ops', 'security'] } } },
} as const satisfies Record<string, CertificateRequirement>

describe('a requirement on each property, at the end of the chain', () => {
  const requirements: Record<string, Requirement> = {
    ...PROPERTIES,
    every: allOf(...Object.values(PROPERTIES)),
    some: anyOf(...Object.values(PROPERTIES)),
    policy: 'pay',
    none: not('pay'),
  }
  const chain = useChain({
    plugin: () => ({ policies: { pay: allOf(...Object.values(PROPERTIES)) } }),
    routes(app) {
      for (const [name, clientCert] of Object.entries(requirements)) {
        app.get(`/${name}`, { config: { clientCert } }, ({ clientCert: cert }) => ({
          spki256: cert?.spki256,
          spiffeId: cert?.spiffeId,
          extendedKeyUsage: cert?.extendedKeyUsage,
        }))
      }
    },
  })

  /** Asks with a token of these groups. */
  async function ask(path: string, client: Awaited<ReturnType<typeof chain.edge.issueClient>>, groups: string[]) {
    const token = await chain.edge.accessToken({ claims: { custom: { groups } } })
    const request = await chain.capture(path, { client })
    return chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  }
  const pay = () =>
    chain.edge.issueClient({
      subject: 'CN=pay,OU=Dev,OU=Ops,O=Acme',
      san: { uri: [ID], upn: ['pay@acme.example'] },
      extendedKeyUsage: ['clientAuth', SMART_CARD],
    })

  it.each(Object.keys(requirements).filter((name) => name !== 'none'))('admits the client by %s', async (name) => {
    const client = await pay()
    const key = new X509Certificate(client.cert).publicKey.export({ format: 'der', type: 'spki' })
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(key)))
    const { status, body } = await ask(`/${name}`, client, ['ops'])
    expect({ status, body: JSON.parse(body) }).toEqual({
      status: 200,
      body: { spki256: digest.toString('base64'), spiffeId: ID, extendedKeyUsage: ['clientAuth', SMART_CARD] },
    })
  })

  it.each([
    [
      'purpose',
      `extendedKeyUsage does not match: ${SMART_CARD} (subject CN=other,O=Acme, issuer CN=Acme Client CA,O=Acme)`,
    ],
    ['spiffe', 'the certificate has no SPIFFE ID (subject CN=other,O=Acme, issuer CN=Acme Client CA,O=Acme)'],
    ['upn', 'san does not match: upn=pay@acme.example (subject CN=other,O=Acme, issuer CN=Acme Client CA,O=Acme)'],
    ['unit', 'subject does not match: some OU=Ops (subject CN=other,O=Acme, issuer CN=Acme Client CA,O=Acme)'],
    [
      'claim',
      'access claim does not match: custom.groups=ops|security (subject CN=other,O=Acme, issuer CN=Acme Client CA,O=Acme)',
    ],
  ])('refuses another client by %s, and states the reason', async (name, reason) => {
    const other = await chain.edge.issueClient({ subject: 'CN=other,O=Acme' })
    expect(await ask(`/${name}`, other, ['dev'])).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    expect(chain.lastReason()).toBe(reason)
    expect(await ask('/none', other, ['dev'])).toMatchObject({ status: 200 })
  })

  it('refuses the client by the negation', async () => {
    expect(await ask('/none', await pay(), ['security'])).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    expect(chain.lastReason()).toMatch(/^policy pay matches and is excluded/)
  })

  it('pins the key of a client, and refuses its next one', async () => {
    const client = await pay()
    const { body } = await ask('/every', client, ['ops'])
    const pinned = JSON.parse(body).spki256
    const { body: next } = await ask('/every', await pay(), ['ops'])
    expect(JSON.parse(next).spki256).not.toBe(pinned)
  })
})
