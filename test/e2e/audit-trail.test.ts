import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writeAuditTrail } from '../support/audit-trail.ts'
import { readText } from '../support/files.ts'
import { OPS, SALES, startSetup } from '../support/setup.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'countersign-audit-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** A server with a trail, whose log is a list of lines. */
const build =
  (file: string | undefined, lines: string[] = []) =>
  async (options: CountersignPluginOptions) => {
    const app = Fastify({
      logger: { level: 'error', stream: lineStream((line) => lines.push(line)) },
    }) as never as FastifyInstance
    if (file !== undefined) writeAuditTrail(app, file)
    await app.register(countersign, options)
    app.get('/orders/:id', { config: { clientCert: 'ops' } }, () => 'order')
    app.get('/public', { config: { clientCert: false } }, () => 'public')
    return app
  }

describe('the recipe for an audit trail', () => {
  it('is the function of docs/recipes.md', () => {
    expect(readText('docs/recipes.md')).toContain(readText('test/support/audit-trail.ts'))
  })

  it('writes each decision of its server to the file, and no secret', async () => {
    const file = join(folder(), 'audit', 'trail.log')
    const { app, edge, send } = await startSetup(build(file))
    const other = await startSetup(build(undefined))
    const path = '/orders/7?token=secret'
    const statuses: number[] = []
    for (const cert of [OPS, SALES, null]) statuses.push((await send(path, { cert })).status)
    await send('/public', { cert: null })
    await other.send('/orders/8')
    const headers = await edge.headers({ url: path, cert: OPS })
    for (let time = 0; time < 2; time += 1) {
      statuses.push((await app.inject({ url: path, headers: headers as Record<string, string> })).statusCode)
    }
    expect(statuses).toEqual([200, 403, 401, 200, 401])
    await app.close()

    const text = readFileSync(file, 'utf8')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const [admitted, refused] = lines
    expect(lines.map(({ msg, code, client }) => [msg, code, client?.subject])).toEqual([
      ['admitted', undefined, OPS.subject],
      ['refused', 'CSN_CERT_FORBIDDEN', SALES.subject],
      ['refused', 'CSN_CERT_MISSING', undefined],
      ['admitted', undefined, OPS.subject],
      ['refused', 'CSN_SIGNATURE_REPLAYED', OPS.subject],
    ])
    expect(admitted).toMatchObject({
      level: 30,
      method: 'GET',
      route: '/orders/:id',
      enforced: true,
      access: { kind: 'user', name: 'dev@example.com' },
    })
    expect(new Date(admitted.time).toISOString()).toBe(admitted.time)
    expect(refused).toMatchObject({ step: 'guard', reason: expect.stringContaining('OU=Ops') })
    expect(text).not.toMatch(/secret|eyJ/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('logs that it cannot write, and the server goes on, and ends', async () => {
    const errors: string[] = []
    const { app, send } = await startSetup(build(folder(), errors))
    await expect.poll(() => errors.join(), { timeout: 10_000 }).toContain('the audit trail has ended')
    for (let time = 0; time < 2; time += 1) expect((await send('/orders/7')).status).toBe(200)
    expect(errors).toHaveLength(1)
    await app.close()
  })
})
