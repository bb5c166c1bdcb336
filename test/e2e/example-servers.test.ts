import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { createDevEdge } from '@countersign/dev-edge'
import { freePort } from '@countersign/test-support/local-server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ROOT } from '../support/files.ts'

/** The examples that are servers of a framework: their scripts without `--env-file`, and a route for operators. */
const SERVERS = [
  { name: 'nest', jobs: '/api/v1/jobs', build: true, command: ['dist/main.js'] },
  {
    name: 'autoload',
    jobs: '/jobs',
    build: false,
    command: ['node_modules/fastify-cli/cli.js', 'start', '--address', '127.0.0.1', 'app.ts'],
  },
] as const

describe.each(SERVERS)('examples/$name', { timeout: 120_000 }, ({ name, jobs, build, command }) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-example-'))
  const cwd = join(ROOT, 'examples', name)
  let edge: Awaited<ReturnType<typeof createDevEdge>>
  let stop: () => Promise<void>

  beforeAll(async () => {
    if (build)
      await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['--build', 'tsconfig.build.json'], { cwd })
    const port = await freePort()
    edge = await createDevEdge({ origin: `http://127.0.0.1:${port}`, folder })
    const child = spawn(process.execPath, command, {
      cwd,
      env: {
        PORT: String(port),
        COUNTERSIGN_KEYS: JSON.stringify(edge.keys),
        COUNTERSIGN_HOSTS: edge.hosts.join(','),
        ACCESS_ISSUER: edge.access.issuer,
        ACCESS_AUDIENCE: edge.access.audience,
        ACCESS_JWKS_URI: edge.access.jwksUri,
        CLIENT_CA: join(folder, 'client-ca.pem'),
        CLIENT_CRL: join(folder, 'client-ca.crl'),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const closed = once(child, 'close')
    stop = async () => {
      child.kill()
      await closed
    }
    await vi.waitFor(async () => expect((await edge.fetch('/healthz')).status).toBe(200), 60_000)
  }, 120_000)
  afterAll(async () => {
    await stop?.()
    await edge?.close()
    rmSync(folder, { recursive: true })
  })

  it('admits clients by their certificates', async () => {
    const { alice, bob } = edge.clients
    expect((await edge.fetch(jobs, { client: alice })).status).toBe(200)
    const refused = [await edge.fetch(jobs, { client: bob }), await edge.fetch(jobs)]
    expect(refused.map(({ status, body }) => [status, JSON.parse(`${body}`).code])).toEqual([
      [403, 'CSN_CERT_FORBIDDEN'],
      [401, 'CSN_CERT_MISSING'],
    ])
  })

  it('stops with the name of a variable that is missing', async () => {
    const child = spawn(process.execPath, command, { cwd, env: {}, stdio: ['ignore', 'ignore', 'pipe'] })
    const [printed, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect(printed).toContain(`TypeError: COUNTERSIGN_KEYS is missing; examples/${name}/README.md describes its value`)
    expect(code).toBe(1)
  })
})
