import { X509Certificate } from 'node:crypto'
import type { DevEdge } from '@countersign/dev-edge'
import { clientCertOf, type TrustedIssuer } from '@countersign/origin-plugin'
import { headerOf, withHeader } from '@countersign/test-support/wire-request'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type ChainOptions, startChain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

const ROOT = 'CN=Acme Client CA,O=Acme'
const BRANCH = 'CN=Acme Branch CA,O=Acme'

/** An origin with a route that shows the path, behind an edge whose Worker forwards the chain. */
const trusting = (issuer: (edge: DevEdge) => TrustedIssuer, more: ChainOptions = {}): ChainOptions => ({
  plugin: (edge) => ({ trustedIssuers: [issuer(edge)] }),
  routes(app: FastifyInstance) {
    app.get('/path', (request) => clientCertOf(request).chain?.map(({ subject }) => subject) ?? null)
  },
  ...more,
  edge: { forwardCert: 'chain', ...more.edge },
})
const rootOf = ({ clientCa }: DevEdge): TrustedIssuer => ({ ca: clientCa, chain: { maxDepth: 1 } })
const LIMIT = 'countersign: trustedIssuers has chain, and this server accepts 16384 bytes of request headers'

describe('trust by chain', () => {
  const chain = useChain(trusting(rootOf))
  const pathOf = async (client: NonNullable<Parameters<DevEdge['fetch']>[1]>['client']) => {
    const { status, body } = await chain.through('/path', { client })
    return [status, JSON.parse(body)]
  }

  it('admits a client of an intermediate, and one of the root', async () => {
    const { branch, alice } = chain.edge.clients
    expect(await pathOf(branch)).toEqual([200, [BRANCH, ROOT]])
    expect(await pathOf(branch)).toEqual([200, [BRANCH, ROOT]])
    expect(await pathOf(alice)).toEqual([200, [ROOT]])
  })

  it('reads the certificates that Cloudflare forwards as the client sent them: in any order, with strangers', async () => {
    const { branch, otherBranch } = chain.edge.clients
    const captured = await chain.capture('/path', { client: branch })
    const [own = ''] = headerOf(captured, 'client-cert-chain')?.split(', ') ?? []
    const [stranger, root] = [otherBranch.ca ?? '', chain.edge.clientCa].map(
      (pem) => `:${new X509Certificate(pem).raw.toString('base64')}:`,
    )
    for (const value of [`${stranger}, ${root}, ${own}`, `${own},${own},${stranger}`]) {
      const answer = await chain.around(chain.sign(withHeader(captured, 'client-cert-chain', value)))
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, [BRANCH, ROOT]])
    }
  })

  it('refuses a client of a CA that the root did not issue', async () => {
    expect((await chain.through('/path', { client: chain.edge.clients.otherBranch })).code).toBe('CSN_CERT_UNVERIFIED')
  })

  it('warns of a limit of headers that is too low', () => {
    expect(chain.log.filter((line) => line.includes(LIMIT))).toHaveLength(1)
  })
})

describe('trust by chain without a forwarded chain', () => {
  const chain = useChain(
    trusting(rootOf, { edge: { forwardCert: 'leaf' }, fastify: { http: { maxHeaderSize: 32_768 } } }),
  )

  it('refuses a client of an intermediate, and names the setting of the Worker', async () => {
    const answer = await chain.through('/path', { client: chain.edge.clients.branch })
    expect(answer).toMatchObject({ status: 403, code: 'CSN_CERT_UNTRUSTED_ISSUER' })
    expect(chain.lastReason()).toMatch(
      /^the issuer CN=Acme Branch CA,O=Acme is not one of trustedIssuers, and Client-Cert-Chain is missing; set COUNTERSIGN_FORWARD_CERT=chain at the Worker/,
    )
  })

  it('admits a client of the root', async () => {
    expect(await chain.through('/path', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })

  it('does not warn of a limit that is high enough', () => {
    expect(chain.log.filter((line) => line.includes('trustedIssuers has chain'))).toEqual([])
  })
})

describe('the revocation list of an intermediate', () => {
  it('stops the start if it is written and cannot be loaded', async () => {
    const ca = ({ clients }: DevEdge) => clients.branch.ca ?? ''
    const crl = () => Promise.reject(new Error('no such list'))
    const options = trusting((edge) => ({
      ca: edge.clientCa,
      chain: { maxDepth: 1, revocation: [{ ca: ca(edge), crl }] },
    }))
    await expect(startChain(options)).rejects.toThrow(
      `trustedIssuers: the revocation list of ${BRANCH} from the function revocation.crl cannot be loaded: `,
    )
  })
})
