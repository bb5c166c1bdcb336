import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdge } from '../dev-edge.ts'
import { checkCache } from './check-cache.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

/** Answers verified clients, and refuses others as the plugin does. */
const guarded: RequestListener = (request, response) => {
  if (request.headers['x-cert-verify'] === 'SUCCESS') response.end('for a client')
  else response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"CSN_CERT_MISSING"}')
}

describe('checkCache', () => {
  let folder: string
  let origin: LocalServer
  let edge: DevEdge
  let leaky: DevEdge

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'))
    const worker = join(folder, 'plain.js')
    await writeFile(
      worker,
      `export default {
        fetch(request) {
          const { certVerified } = request.cf.tlsClientAuth
          return fetch(request.url, { headers: { 'x-cert-verify': certVerified } })
        },
      }`,
    )
    origin = await startServer(guarded)
    ;[edge, leaky] = await Promise.all([
      createDevEdge({ origin: origin.url }),
      createDevEdge({ origin: origin.url, worker }),
    ])
  })
  afterAll(async () => {
    await Promise.all([edge.close(), leaky.close()])
    await origin.close()
    await rm(folder, { recursive: true })
  })

  const at = ({ url }: DevEdge, path: string) => new URL(path, url)

  it('is ok when the Worker goes around the cache', async () => {
    expect(await checkCache(at(edge, '/a.csv'), edge.clients.alice)).toEqual({
      check: 'cache',
      outcome: 'ok',
      detail: 'answered the client, refused others with 401, both without a cache',
    })
  })

  it('fails when the cache answers', async () => {
    expect(await checkCache(at(leaky, '/a.csv'), leaky.clients.alice)).toEqual({
      check: 'cache',
      outcome: 'failed',
      detail: 'a cache answered 200 (CF-Cache-Status: HIT)',
      advice: expect.stringContaining('Pass the request of countersign() to fetch() unchanged'),
    })
    // The answer of another client is still there.
    expect(await checkCache(at(leaky, '/a.csv'), undefined)).toMatchObject({ outcome: 'failed' })
  })

  it('warns when the cache was asked, although it stored nothing', async () => {
    expect(await checkCache(at(leaky, '/b.csv'), undefined)).toMatchObject({
      outcome: 'warning',
      detail: "the zone's cache was asked (CF-Cache-Status: MISS)",
    })
  })

  it('is skipped when no client was admitted, because there was nothing to store', async () => {
    expect(await checkCache(at(edge, '/a.csv'), undefined)).toMatchObject({
      outcome: 'skipped',
      detail: 'not checked: answered 401 CSN_CERT_MISSING, so a cache had nothing to store',
      advice: expect.stringContaining('--client'),
    })
  })

  const answering = async (status: number, headers: Record<string, string>, body = '') => {
    const server = await startServer((_request, response) => void response.writeHead(status, headers).end(body))
    const finding = await checkCache(new URL(`${server.url}/a.csv`), undefined)
    await server.close()
    return finding
  }

  it.each([
    [401, { 'cf-ray': 'a', age: '7' }, 'failed', 'a cache answered 401 (Age: 7)'],
    [200, { 'cf-ray': 'a', 'cf-cache-status': 'stale' }, 'failed', 'a cache answered 200 (CF-Cache-Status: STALE)'],
    [304, { 'cf-ray': 'a', 'cf-cache-status': 'REVALIDATED' }, 'failed', 'answered 304 (CF-Cache-Status: REVALIDATED)'],
    [401, { 'cf-ray': 'a', 'cf-cache-status': 'UPDATING' }, 'failed', '(CF-Cache-Status: UPDATING)'],
    [401, { 'cf-ray': 'a', 'cf-cache-status': 'EXPIRED' }, 'warning', '(CF-Cache-Status: EXPIRED)'],
    [200, { 'cf-ray': 'a', 'cf-cache-status': 'DYNAMIC' }, 'failed', 'answered 200 without a certificate'],
    [299, { 'cf-ray': 'a' }, 'failed', 'answered 299 without a certificate'],
    [302, { 'cf-ray': 'a', location: '/EVIL' }, 'skipped', 'answered 302, so a cache had'],
    [401, { age: '0' }, 'warning', 'Cloudflare did not answer'],
    [401, { 'cf-ray': 'a', 'cf-cache-status': 'EVIL', age: '1' }, 'failed', '(Age: 1)'],
  ] as const)('judges an answer of %i with %j', async (status, headers, outcome, detail) => {
    const finding = await answering(status, headers)
    expect(finding).toMatchObject({ outcome, detail: expect.stringContaining(detail), advice: expect.any(String) })
    expect(JSON.stringify(finding)).not.toContain('EVIL')
  })

  it('fails a URL that cannot be reached', async () => {
    const gone = await startServer(() => {})
    await gone.close()
    expect(await checkCache(new URL(gone.url), undefined)).toMatchObject({
      outcome: 'failed',
      detail: 'the URL cannot be reached: ECONNREFUSED',
    })
  })
})
