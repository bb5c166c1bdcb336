import type { DevEdge } from '@countersign/dev-edge'
import type { TrustedIssuer } from '@countersign/origin-plugin'
import { testKey } from '@countersign/test-support/test-key'
import { headerLines, headerOf, withLines } from '@countersign/test-support/wire-request'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateLines } from '../../packages/origin-plugin/test/support/header-lines.ts'
import { type Chain, type ChainOptions, startChain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const refused = { status: 403, code: 'CSN_CERT_UNTRUSTED_ISSUER' }

/** A chain in which the edge verifies every client, and the origin trusts the given issuers. */
const trusting = (issuers: (edge: DevEdge) => readonly TrustedIssuer[]): ChainOptions => ({
  plugin: (edge) => ({ trustedIssuers: issuers(edge) }),
})
const oneCa = trusting((edge) => [edge.clientCa])

describeThreat('a certificate that Cloudflare verified, of a CA that the origin does not trust', oneCa, (chain) => {
  it('is refused', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.branch })).toMatchObject(refused)
  })

  it('is distinguished from a certificate of the trusted CA', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })
})

describe('a CA with the name of a trusted one', () => {
  const trusted = writeCaCert('Written CA')
  let chain: Chain
  let namesake: Chain
  beforeAll(async () => {
    // Two edges have CAs with the same name and different keys. The origin trusts the CA of the other edge.
    namesake = await startChain()
    chain = await startChain(trusting(() => [namesake.edge.clientCa, trusted.pem]))
  })
  afterAll(async () => {
    await chain.close()
    await namesake.close()
  })

  it('is not trusted', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject(refused)
  })

  it('is not trusted with the key identifier of the trusted one either', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const others = headerLines(captured).filter(([name]) => !/^(?:x-cert-|client-cert)/i.test(name))
    const send = ({ cert, pem }: WrittenCertificate) =>
      chain.around(
        chain.sign(withLines(captured, [...others, ...certificateLines({ cert, pem, issuer: trusted.cert })])),
      )
    expect(await send(writeClientCert(trusted))).toMatchObject({ status: 200 })
    // A CA chooses the identifiers in its certificates. Only the signature tells the two apart.
    const identifiers = { keyIds: false, extensions: [authorityKeyIdOf(trusted)] }
    expect(await send(writeClientCert(trusted, { ...identifiers, signer: testKey() }))).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(/^another CA of the same name signed the certificate, /)
    expect(await send(writeClientCert(trusted, identifiers))).toMatchObject({ status: 200 })
  })
})

/** The extension by which a certificate claims to be of a CA with this key identifier. */
function authorityKeyIdOf({ cert, pem }: WrittenCertificate) {
  const keyId = new Map(certificateLines({ cert, pem, issuer: cert })).get('x-cert-issuer-ski')
  return { oid: '551d23', value: der(0x30, der(0x80, Buffer.from(keyId ?? '', 'hex'))) }
}

describe('a CA that is trusted by name or key identifier', () => {
  it.each([
    ['its name', [{ dn: 'CN=Acme Client CA,O=Acme' }], true],
    ['its name in another spelling', [{ dn: 'cn=Acme\\20Client CA , 2.5.4.10="Acme"' }], true],
    ['its name in another letter case', [{ dn: 'CN=ACME CLIENT CA,O=Acme' }], false],
    ['its name in another order', [{ dn: 'CN=Acme Client CA+O=Acme' }], false],
    ['a part of its name', [{ dn: 'CN=Acme Client CA' }], false],
    ['its name with an additional RDN', [{ dn: 'CN=Acme Client CA,O=Acme,C=US' }], false],
    ['the key identifier of another CA', [{ keyId: 'AB:CD' }], false],
    ['its name and the key identifier of another CA', [{ dn: 'CN=Acme Client CA,O=Acme', keyId: 'ABCD' }], false],
  ] as const)('by %s', async (_what, issuers, trusted) => {
    const chain = await startChain({ ...trusting(() => issuers), edge: { forwardCert: 'none' } })
    try {
      const answer = await chain.through('/me', { client: chain.edge.clients.alice })
      expect(answer).toMatchObject(trusted ? { status: 200 } : refused)
    } finally {
      await chain.close()
    }
  })

  it('by its key identifier', async () => {
    const first = await startChain()
    const captured = await first.capture('/me', { client: first.edge.clients.alice })
    const keyId = headerOf(captured, 'x-cert-issuer-ski') ?? ''
    await first.close()
    expect(keyId).toMatch(/^[0-9A-Fa-f:]{40,}$/)
  })
})
