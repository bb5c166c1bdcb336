import type { DevEdge } from '@countersign/dev-edge'
import { testKey } from '@countersign/test-support/test-key'
import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateLines } from '../../packages/origin-plugin/test/support/header-lines.ts'
import { type Chain, type ChainOptions, startChain } from '../support/chain.ts'
import { describeThreat, useChain } from '../support/use-chain.ts'

const refused = { status: 403, code: 'CSN_CERT_UNTRUSTED_ISSUER' }

/** An edge whose Worker forwards the chain, and an origin that trusts a root with intermediates below it. */
const trusting = (root: (edge: DevEdge) => string, maxDepth = 1): ChainOptions => ({
  edge: { forwardCert: 'chain' },
  plugin: (edge) => ({ trustedIssuers: [{ ca: root(edge), chain: { maxDepth } }] }),
})
const ownRoot = trusting((edge) => edge.clientCa)

describe('an intermediate with the name of a CA, of another root with the name of the trusted one', () => {
  let other: Chain
  let chain: Chain
  beforeAll(async () => {
    other = await startChain()
    chain = await startChain(trusting(() => other.edge.clientCa))
  })
  afterAll(async () => {
    await chain.close()
    await other.close()
  })

  it('is refused, although Cloudflare verified the path', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.branch })).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(
      /^the key of CN=Acme Client CA,O=Acme did not sign the certificate CN=Acme Branch CA,O=Acme /,
    )
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject(refused)
  })
})

describeThreat("the client's own Client-Cert-Chain", ownRoot, (chain) => {
  const written = `:${writeCaCert('written').der.toString('base64')}:`

  it('is stripped at the edge, and replaced by the certificates of the handshake', async () => {
    const { branch, alice } = chain.edge.clients
    const headers = { 'Client-Cert-Chain': written }
    const request = await chain.capture('/me', { client: branch, headers })
    expect(headerOf(request, 'client-cert-chain')).toMatch(/^:[A-Za-z0-9+/=]+:$/)
    expect(headerOf(request, 'client-cert-chain')).not.toContain(written)
    expect(headerOf(await chain.capture('/me', { client: alice, headers }), 'client-cert-chain')).toBeUndefined()
    expect(await chain.through('/me', { client: branch, headers })).toMatchObject({ status: 200 })
  })

  it('is refused around the edge: the signature covers the chain, and its absence', async () => {
    const { branch, alice } = chain.edge.clients
    const invalid = { status: 401, code: 'CSN_SIGNATURE_INVALID' }
    for (const [client, value] of [
      [branch, written],
      [branch, undefined],
      [alice, written],
    ] as const) {
      const request = await chain.capture('/me', { client })
      expect(await chain.around(withHeader(request, 'client-cert-chain', value))).toMatchObject(invalid)
    }
  })
})

describe('an intermediate on the revocation list of the root', () => {
  const chain = useChain({
    edge: { forwardCert: 'chain' },
    plugin: (edge) => ({
      trustedIssuers: [
        { ca: edge.clientCa, revocation: { crl: () => edge.clientCrl(), refresh: 1 }, chain: { maxDepth: 1 } },
      ],
    }),
  })

  it('takes its clients with it from the next load on', async () => {
    const { branch } = chain.edge.clients
    expect(await chain.through('/me', { client: branch })).toMatchObject({ status: 200 })
    chain.edge.addToCrl({ ...branch, cert: branch.ca ?? '' })
    await expect
      .poll(() => chain.through('/me', { client: branch }), { timeout: 10_000, interval: 200 })
      .toMatchObject({ status: 403, code: 'CSN_CERT_REVOKED' })
    expect(chain.lastReason()).toMatch(/is on the revocation list of CN=Acme Client CA,O=Acme$/)
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })
})

describe('a chain that Cloudflare reports as verified', () => {
  const root = writeCaCert('root')
  const sub = writeCaCert('sub', root)
  const chain = useChain(trusting(() => root.pem, 2))
  let captured: WireRequest
  beforeAll(async () => {
    captured = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  /** A request that the edge signs for a client which sends these certificates. */
  function requestOf(client: WrittenCertificate, issuer: WrittenCertificate, ...sent: readonly WrittenCertificate[]) {
    const lines = certificateLines(
      { cert: client.cert, issuer: issuer.cert, pem: client.pem },
      { 'client-cert-chain': sent.map(({ der }) => `:${der.toString('base64')}:`).join(', ') },
    )
    const others = headerLines(captured).filter(([name]) => !/^(?:x-cert-|client-cert)/i.test(name))
    return withLines(captured, [...others, ...lines])
  }
  const send = (...given: Parameters<typeof requestOf>) => chain.around(chain.sign(requestOf(...given)))

  it('is accepted with its intermediate, and refused without', async () => {
    const client = writeClientCert(sub)
    expect(await send(client, sub, sub)).toMatchObject({ status: 200 })
    expect(await send(client, sub)).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/Client-Cert-Chain is missing; set COUNTERSIGN_FORWARD_CERT=chain/)
  })

  it('is refused with an intermediate that the client made itself', async () => {
    const forged = writeCaCert('sub', undefined, { issuer: 'root' })
    const client = writeClientCert(forged)
    for (const sent of [[forged], [forged, sub], [sub, forged], [forged, root, sub]]) {
      expect(await send(client, forged, ...sent)).toMatchObject(refused)
      expect(chain.lastReason()).toMatch(/^the key of CN=(?:root|sub) did not sign the certificate CN=(?:sub|client) /)
    }
  })

  it("is refused with a client's certificate as CA", async () => {
    const owner = writeClientCert(sub, { subject: 'owner', key: testKey() })
    const client = writeClientCert(owner, { subject: 'admin' })
    expect(await send(client, owner, owner, sub)).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/^the CA certificate CN=owner is not that of a CA/)
  })

  it('is refused once its intermediate has expired, also for a client that is remembered', async () => {
    const short = writeCaCert('sub', root, { key: sub.key, notAfter: new Date(Date.now() + 2_000) })
    const client = writeClientCert(short)
    expect(await send(client, short, short)).toMatchObject({ status: 200 })
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(await send(client, short, short)).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/^the CA certificate CN=sub expired on /)
    expect(await send(client, short, short, sub)).toMatchObject({ status: 200 })
  })
})
