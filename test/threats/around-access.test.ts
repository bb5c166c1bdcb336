import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { optional } from '@countersign/origin-plugin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'

/** A hostname of the same Worker that no Access application protects, such as a forgotten route. */
const UNPROTECTED = 'countersign.acme.workers.dev'

/**
 * The real Worker. The local edge's workerd cannot fill `ctx.access`, so this module fills it as Cloudflare does: by the
 * hostname, and from nothing in the request. packages/worker has the tests in a workerd that fills it itself.
 */
const WORKER = `
import { createWorker } from ${JSON.stringify(fileURLToPath(import.meta.resolve('@countersign/worker')))}
const worker = createWorker((env) => ({ key: env.COUNTERSIGN_KEY, require: { access: 'the-application' } }))
export default {
  fetch(request, env, ctx) {
    const isProtected = new URL(request.url).hostname !== ${JSON.stringify(UNPROTECTED)}
    return worker.fetch(request, env, { waitUntil: (work) => ctx.waitUntil(work), access: isProtected ? { aud: 'the-application' } : undefined })
  },
}`

describe('a hostname of the Worker that Access does not protect', () => {
  let folder: string
  let chain: Chain
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'))
    await writeFile(join(folder, 'worker.ts'), WORKER)
    // The origin accepts any host, so that the Worker alone decides.
    chain = await startChain({
      edge: { worker: join(folder, 'worker.ts'), log: () => {} },
      plugin: (edge) => ({ edge: { keys: edge.keys, hosts: null }, access: null }),
      routes(app) {
        app.all('/me', () => 'me')
        app.all('/optional', { config: { clientCert: optional() } }, () => 'in')
        app.options('/public', { config: { clientCert: false } }, () => 'preflight')
      },
    })
  })
  afterAll(async () => {
    await chain.close()
    await rm(folder, { recursive: true })
  })

  const toUnprotected = (method: string, headers: Record<string, string> = {}) =>
    chain.through('/me', { client: chain.edge.clients.alice, method, headers: { ...headers, host: UNPROTECTED } })

  it('is no way to the origin for a client with a valid certificate', async () => {
    const before = chain.log.length
    expect(await toUnprotected('GET')).toMatchObject({ status: 403, code: 'CSN_ACCESS_REQUIRED' })
    expect(chain.log.length).toBe(before)
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })

  it('is no way to the origin with headers that name an application, or a token', async () => {
    const forged = {
      'cf-access-jwt-assertion': await chain.edge.accessToken(),
      'cf-access-aud': 'the-application',
      'mf-access-blob': '{"app_aud":"the-application"}',
    }
    expect(await toUnprotected('GET', forged)).toMatchObject({ status: 403, code: 'CSN_ACCESS_REQUIRED' })
  })

  it('is no way to the origin for a request that looks like a preflight and has a certificate', async () => {
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    expect(await toUnprotected('OPTIONS', preflight)).toMatchObject({ status: 403, code: 'CSN_ACCESS_REQUIRED' })
    // Without a certificate it passes, and the origin refuses it, also on an optional route.
    const headers = { ...preflight, host: UNPROTECTED }
    for (const path of ['/me', '/optional']) {
      expect(await chain.through(path, { method: 'OPTIONS', headers })).toMatchObject({
        status: 401,
        code: 'CSN_CERT_MISSING',
      })
    }
    expect(await chain.through('/public', { method: 'OPTIONS', headers })).toMatchObject({ body: 'preflight' })
    // A client without a certificate reaches the optional route by a login with Access.
    expect(await chain.through('/optional', { headers: { host: UNPROTECTED } })).toMatchObject({ status: 403 })
    expect(await chain.through('/optional')).toMatchObject({ status: 200, body: 'in' })
  })
})
