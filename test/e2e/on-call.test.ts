import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import countersign from '@countersign/origin-plugin'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readText, tableRows } from '../support/files.ts'
import { SALES, startSetup } from '../support/setup.ts'

const OPERATIONS = readText('docs/operations.md')
const ROWS = tableRows(OPERATIONS)
  .map((cells) => cells.map((cell) => cell.replace(/^`(.*)`$/, '$1')))
  .filter(([, code]) => /^CSN_[A-Z_]+$/.test(code ?? ''))
/** The commands of the page that the queries call. */
const FUNCTIONS = /```sh\n(codes\(\) .*\nby\(\) .*\n)/.exec(OPERATIONS)?.[1] ?? 'exit 1'

const RAY = '8f0b1c2d3e4f5a6b-FRA'

/** The lines of real refusals, next to a line that is not JSON. */
async function refusedLines(): Promise<string[]> {
  const lines: string[] = []
  const { send } = await startSetup(async (options) => {
    const app = Fastify({ logger: { stream: lineStream((line) => lines.push(line)) } }) as never as FastifyInstance
    await app.register(countersign, options)
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    return app
  })
  for (let time = 0; time < 2; time += 1) await send('/ops', { cert: SALES })
  await send('/ops', { cert: null })
  await send('/ops', { signed: false, headers: { 'cf-ray': RAY } })
  return ['(node:1) Warning: not JSON', ...lines]
}

/** Runs a query of the page, as the person on call does. */
function run(query: string, lines: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-on-call-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'app.log'), lines.join('\n'))
  const { stdout, stderr } = spawnSync('bash', ['-c', `${FUNCTIONS}\n${query}`], { cwd: folder, encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
}

describe('the queries for the person on call', () => {
  it('are those of the code in their row, by fields that a refusal has', () => {
    expect(ROWS.length).toBeGreaterThan(20)
    for (const [, code, query = ''] of ROWS) {
      expect(query.startsWith(`by ${code} `)).toBe(true)
      for (const [field] of query.matchAll(/\.\w[\w.]*/g)) {
        expect(['.reason', '.cfRay', '.client.serialNumber', '.client.fingerprint256']).toContain(field)
      }
    }
  })

  it('print the reason, the client and the ray of real refusals', async () => {
    const lines = await refusedLines()
    expect(run('codes app.log', lines)).toEqual([
      '2 CSN_CERT_FORBIDDEN',
      '1 CSN_SIGNATURE_MISSING',
      '1 CSN_CERT_MISSING',
    ])
    const of = (wanted: string) => run(ROWS.find(([, code]) => code === wanted)?.[2] ?? '', lines)
    expect(of('CSN_CERT_FORBIDDEN')).toEqual([
      expect.stringMatching(
        /^2 [0-9A-F]+ subject does not match: OU=Ops \(subject CN=pay-2,OU=Sales,O=Acme, issuer CN=Acme Client CA,O=Acme\)$/,
      ),
    ])
    expect(of('CSN_SIGNATURE_MISSING')).toEqual([`1 ${RAY}`])
    expect(of('CSN_CERT_MISSING')).toEqual(['1 the client did not present a certificate'])
  })

  it('are understood by jq, each of them', () => {
    const client = { serialNumber: '0A', fingerprint256: 'AB' }
    const lines = ROWS.map(([, code]) => JSON.stringify({ code, statusCode: 401, reason: 'cause', cfRay: RAY, client }))
    for (const [, code, query = ''] of ROWS) {
      const [line, ...others] = run(query, lines)
      expect([code, line?.slice(0, 2), others]).toEqual([code, '1 ', []])
      expect(line).toMatch(/^1 (?:cause|0A .+|AB|8f0b1c2d3e4f5a6b-FRA)$/)
    }
  })
})
