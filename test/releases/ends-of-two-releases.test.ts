import { type ClientCert, clientCertOf } from '@countersign/origin-plugin'
import { headerOf } from '@countersign/test-support/wire-request'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, type ChainOptions, startChain, usualRoutes } from '../support/chain.ts'
import { buildFutureRelease, checkOutRelease, type Release } from '../support/release.ts'

/**
 * The last commit before the table of headers grew, with 19 rows. No release is published yet. Replace it by the tag of
 * the last release, and write the outcomes that change into the tests and into docs/deploy.md.
 */
const PREVIOUS = 'f38ecdf189e6e978b382ebc1f75358230ab5b2b2'

/** The headers that the future release adds, in the order of its table. */
const LATER = ['x-cert-zone-2027', 'x-cert-account']

let previous: Release
let future: Release
beforeAll(async () => {
  previous = await checkOutRelease(PREVIOUS)
  future = await buildFutureRelease()
})
afterAll(() => Promise.all([previous?.remove(), future?.remove()]))

const routes = (app: FastifyInstance) => {
  usualRoutes(app)
  app.get('/cert', (request) => clientCertOf(request))
}

/** Runs tests with a chain whose ends are of two releases. */
function withEnds(choose: () => Promise<ChainOptions>): () => Chain {
  let chain: Chain
  beforeAll(async () => {
    const { edge, ...rest } = await choose()
    chain = await startChain({ routes, ...rest, edge: { log: () => {}, ...edge } })
  })
  afterAll(() => chain?.close())
  return () => chain
}

/** The statuses and codes of some clients, each twice: an origin remembers a client. */
async function outcomes(chain: Chain): Promise<string[]> {
  const { alice, bob, branch, revoked, selfSigned } = chain.edge.clients
  const sent = [alice, bob, branch, revoked, selfSigned, undefined].flatMap((client) => [client, client])
  const answers: string[] = []
  for (const client of sent) {
    const { status, code } = await chain.through('/alice', { client })
    answers.push(`${client?.name ?? 'none'}: ${status} ${code ?? ''}`.trim())
  }
  return [...new Set(answers)]
}

const EXPECTED = [
  'alice: 200',
  'bob: 403 CSN_CERT_FORBIDDEN',
  'branch: 403 CSN_CERT_FORBIDDEN',
  'revoked: 403 CSN_CERT_REVOKED',
  'selfSigned: 403 CSN_CERT_UNVERIFIED',
  'none: 401 CSN_CERT_MISSING',
]

async function certOf(chain: Chain): Promise<ClientCert> {
  const { status, body } = await chain.through('/cert', { client: chain.edge.clients.alice })
  expect(status).toBe(200)
  return JSON.parse(body)
}

/** A client whose certificate Cloudflare does not forward. A Worker marks it with a header of its table's last rows. */
const issueLarge = ({ edge }: Chain) =>
  edge.issueClient({ san: { dns: Array.from({ length: 420 }, (_, at) => `host-${at}.some-long-name.acme.example`) } })

describe('the Worker of the previous release with this origin', () => {
  const chain = withEnds(async () => ({ edge: { worker: previous.worker, forwardCert: 'chain' } }))

  it('decides on every client as the ends of one release do', async () => {
    expect(await outcomes(chain())).toEqual(EXPECTED)
  })

  it('lets no client write a header that only this release has', async () => {
    const { alice } = chain().edge.clients
    const captured = await chain().capture('/me', { client: alice, headers: { 'X-CERT-TOO-LARGE': '1' } })
    expect(headerOf(captured, 'x-cert-too-large')).toBeUndefined()
    expect(await chain().around(captured)).toMatchObject({ status: 200 })
  })

  it('is refused for a certificate above 10 KiB, without the cause', async () => {
    expect(await chain().through('/me', { client: await issueLarge(chain()) })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_UNTRUSTED_ISSUER',
    })
    expect(chain().lastReason()).toMatch(/^the Worker does not forward the certificate/)
  })
})

describe('this Worker with the origin of the previous release', () => {
  const chain = withEnds(async () => ({
    countersign: await previous.loadPlugin(),
    // That release did not know edge.hosts.
    plugin: ({ keys }) => ({ edge: { keys } as never }),
    edge: { forwardCert: 'chain' },
  }))

  it('is accepted, because it sends the headers of this release to mark large certificates only', async () => {
    expect(await outcomes(chain())).toEqual(EXPECTED)
  })

  it('is refused for a certificate above 10 KiB: that release knew no later headers', async () => {
    expect(await chain().through('/me', { client: await issueLarge(chain()) })).toMatchObject({
      status: 400,
      code: 'CSN_HEADERS_MALFORMED',
    })
    expect(chain().lastReason()).toBe('x-cert-too-large is not sent by the edge')
  })
})

describe('the Worker of a future release with this origin', () => {
  const chain = withEnds(async () => ({ edge: { worker: future.worker, forwardCert: 'chain' } }))

  it('decides on every client as the ends of one release do', async () => {
    expect(await outcomes(chain())).toEqual(EXPECTED)
  })

  it('signs headers that this release does not know, and the origin carries them in raw', async () => {
    const { raw, fingerprint256, validTo } = await certOf(chain())
    expect(raw).toMatchObject({
      'x-cert-zone-2027': fingerprint256.replaceAll(':', '').toLowerCase(),
      'x-cert-account': validTo,
    })
    expect(Object.keys(raw).slice(-2)).toEqual(LATER)
  })

  it('lets no client write them', async () => {
    const headers = { 'X-CERT-ZONE-2027': 'forged', 'x-cert-account': 'forged', 'x-cert-admin': 'yes' }
    const captured = await chain().capture('/me', { client: chain().edge.clients.alice, headers })
    expect(captured.headers.filter((text) => /forged|admin|yes/.test(text))).toEqual([])
    expect(await chain().around(captured)).toMatchObject({ status: 200 })
  })
})

describe('this Worker with the origin of a future release', () => {
  const chain = withEnds(async () => ({ countersign: await future.loadPlugin(), edge: { forwardCert: 'chain' } }))

  it('decides on every client as the ends of one release do', async () => {
    expect(await outcomes(chain())).toEqual(EXPECTED)
  })

  it('leaves the later headers out', async () => {
    expect(Object.keys((await certOf(chain())).raw)).toEqual(expect.not.arrayContaining(LATER))
  })
})

describe('both ends of the future release', () => {
  const chain = withEnds(async () => ({ countersign: await future.loadPlugin(), edge: { worker: future.worker } }))

  it('know the later headers: the other tests do have two tables', async () => {
    expect(Object.keys((await certOf(chain())).raw)).toEqual(expect.arrayContaining(LATER))
    const stripped = await chain().capture('/me', { client: chain().edge.clients.alice })
    expect(await chain().around(chain().sign(stripped))).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })
})

describe('checkOutRelease', () => {
  it('names the remedy if the clone lacks the commit', async () => {
    await expect(checkOutRelease('f'.repeat(40))).rejects.toThrow(
      /^the clone does not have the commit f{40} of the previous release; run git fetch --unshallow$/,
    )
  })
})
