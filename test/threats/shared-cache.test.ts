import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientCertOf } from '@countersign/origin-plugin'
import { codeOf } from '@countersign/test-support/raw-http'
import type { FastifyInstance } from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import type { Chain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
afterAll(() => rm(folder, { recursive: true }))

/** A Worker that signs, and then asks the zone's cache. */
const ASKS_CACHE = join(folder, 'asks-cache.ts')
await writeFile(
  ASKS_CACHE,
  `import { countersign } from ${JSON.stringify(fileURLToPath(import.meta.resolve('@countersign/worker')))}
   export default {
     async fetch(request, env) {
       const { url, method, headers, body } = await countersign(request, { key: env.COUNTERSIGN_KEY })
       return fetch(url, { method, headers, body, redirect: 'manual' })
     },
   }`,
)

const guarded = { config: { clientCert: { subject: { OU: 'Ops' } } } }

function routes(app: FastifyInstance): void {
  app.get('/payroll/:file', guarded, (request) => `for ${clientCertOf(request).subject.CN}`)
  app.get('/account/:page', guarded, (request) => `for ${clientCertOf(request).subject.CN}`)
}

/** An origin that sets no Cache-Control, as an older one or another server would. */
function silentRoutes(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => void reply.removeHeader('cache-control'))
  routes(app)
}

/** Every client that must not get alice's answer, with its refusal. */
const OTHERS = [
  ['another department', 'bob', 'CSN_CERT_FORBIDDEN'],
  ['a revoked certificate', 'revoked', 'CSN_CERT_REVOKED'],
  ['a self-signed certificate', 'selfSigned', 'CSN_CERT_UNVERIFIED'],
  ['an expired certificate', 'expired', 'CSN_CERT_EXPIRED'],
  ['no certificate', undefined, 'CSN_CERT_MISSING'],
] as const

/** URLs that Cloudflare stores by default, also where the attacker appends the extension. */
const PATHS = ['/payroll/2026.pdf', '/payroll/2026.csv?year=2026', '/account/x.css']

async function send(chain: Chain, path: string, client?: keyof Chain['edge']['clients'], method = 'GET') {
  const options = { method, client: client && chain.edge.clients[client] }
  const { status, body, headers } = await chain.edge.fetch(path, options)
  return { status, body, code: codeOf(body), cache: headers['cf-cache-status'] }
}

describe.each([
  ['with the Worker and the plugin', {}, routes],
  ['with the Worker alone', {}, silentRoutes],
  ['with the plugin alone', { worker: ASKS_CACHE }, routes],
])("the zone's cache, %s", (_, edge, declare) => {
  const chain = useChain({ edge, routes: declare })

  it.each(PATHS)("never gives alice's answer to another client: %s", async (path) => {
    for (let at = 0; at < 2; at += 1) {
      expect(await send(chain, path, 'alice')).toMatchObject({ status: 200, body: 'for alice' })
    }
    for (const [, client, code] of OTHERS) {
      expect(await send(chain, path, client)).toMatchObject({ status: client ? 403 : 401, code })
    }
    expect(await send(chain, path, 'rsa')).toMatchObject({ status: 200, body: 'for rsa' })
  })

  it('does not refuse alice after it refused another client', async () => {
    const path = '/payroll/refused-first.csv'
    expect(await send(chain, path, 'bob')).toMatchObject({ status: 403 })
    expect(await send(chain, '/nowhere.csv', 'bob')).toMatchObject({ status: 404 })
    expect(await send(chain, path, 'alice')).toMatchObject({ status: 200, body: 'for alice' })
    expect(await send(chain, '/nowhere.csv')).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
  })

  it('does not answer HEAD for another client either', async () => {
    const path = '/payroll/head.csv'
    const head = await send(chain, path, 'alice', 'HEAD')
    // The cache makes GET of a HEAD, which was not signed.
    expect(head.status).toBe('worker' in edge ? 401 : 200)
    for (const [, client, code] of OTHERS) {
      expect((await send(chain, path, client, 'HEAD')).status).toBeGreaterThanOrEqual(400)
      const { status, code: refused } = await send(chain, path, client)
      expect([status, refused]).toEqual([client ? 403 : 401, code])
    }
  })
})

describe("the zone's cache, with neither", () => {
  const chain = useChain({ edge: { worker: ASKS_CACHE }, routes: silentRoutes })

  // Without this leak the tests above would prove nothing.
  it.each(PATHS)("gives alice's answer to every client: %s", async (path) => {
    expect(await send(chain, path, 'alice')).toMatchObject({ status: 200, body: 'for alice', cache: 'MISS' })
    for (const [, client] of OTHERS) {
      expect(await send(chain, path, client)).toMatchObject({ status: 200, body: 'for alice', cache: 'HIT' })
      expect(await send(chain, path, client, 'HEAD')).toMatchObject({ status: 200, cache: 'HIT' })
    }
  })
})
