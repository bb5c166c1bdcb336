import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientCertOf } from '@countersign/origin-plugin'
import { headerOf } from '@countersign/test-support/wire-request'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { type Chain, startChain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

const WORKER = fileURLToPath(import.meta.resolve('@countersign/worker'))

/** A Worker with a binding of its own name. Its global `fetch()` must not be used. */
const OWN = `
import { createWorker } from ${JSON.stringify(WORKER)}
globalThis.fetch = () => { throw new Error('the global fetch() was used') }
export default createWorker((env) => ({
  key: env.COUNTERSIGN_KEY,
  require: { verified: true },
  fetcher: env.ORIGIN,
}))`

const routes: ChainOptions['routes'] = (app) => {
  app.all('/me', (request) => ({ subject: clientCertOf(request).subject.CN, body: request.body ?? null }))
  app.get('/report.csv', (request) => clientCertOf(request).subject.CN)
  app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'for alice alone')
}

function expectWholeChain(chain: Chain): void {
  it('takes each method through the binding to the origin', async () => {
    const { alice } = chain.edge.clients
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
      expect(await chain.through('/me', { client: alice, method })).toMatchObject({ status: 200 })
    }
    const headers = { 'content-type': 'application/json' }
    const posted = await chain.through('/me', { client: alice, method: 'POST', headers, body: '{"a":1}' })
    expect(JSON.parse(posted.body)).toEqual({ subject: 'alice', body: { a: 1 } })
  })

  it("keeps one client's answer from another", async () => {
    const { alice, bob } = chain.edge.clients
    expect(await chain.through('/report.csv', { client: alice })).toMatchObject({ status: 200, body: 'alice' })
    expect(await chain.through('/report.csv', { client: bob })).toMatchObject({ status: 200, body: 'bob' })
  })

  it("leaves the route's requirement to the origin", async () => {
    const { alice, bob } = chain.edge.clients
    expect(await chain.through('/alice', { client: alice })).toMatchObject({ status: 200 })
    expect(await chain.through('/alice', { client: bob })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
  })
}

describe('the Worker of Countersign with the binding COUNTERSIGN_ORIGIN', () => {
  const chain = useChain({ edge: { originBinding: 'COUNTERSIGN_ORIGIN' }, routes })
  expectWholeChain(chain)

  it('signs for the host of the client', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    expect(headerOf(captured, 'host')).toBe(chain.edge.hosts[0])
  })
})

describe("a Worker of one's own with a fetcher", () => {
  let folder: string
  let started: Chain
  const logged: string[] = []
  const chain = new Proxy({} as Chain, { get: (_, name) => Reflect.get(started, name) })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'))
    const worker = join(folder, 'worker.ts')
    await writeFile(worker, OWN)
    started = await startChain({ edge: { worker, originBinding: 'ORIGIN', log: (line) => logged.push(line) }, routes })
  })
  afterAll(async () => {
    await started.close()
    await rm(folder, { recursive: true })
  })
  expectWholeChain(chain)

  it('refuses at the edge, in one line of its log', async () => {
    const before = logged.length
    const refused = await chain.through('/me?token=secret', { client: chain.edge.clients.selfSigned })
    expect(refused).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
    await expect.poll(() => logged.length).toBeGreaterThan(before)
    expect(logged.slice(before).map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        code: 'CSN_CERT_UNVERIFIED',
        path: '/me',
        ray: expect.stringMatching(/-DEV$/),
      }),
    ])
  })
})
