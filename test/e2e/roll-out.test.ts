import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDevEdge, type DevEdge } from '@countersign/dev-edge'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import { lineStream } from '@countersign/test-support/line-stream'
import { onFreePort } from '@countersign/test-support/local-server'
import { codeOf, sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest } from '@countersign/test-support/wire-request'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** The query of the document, which the operator copies. */
const OPERATIONS = readFileSync(fileURLToPath(import.meta.resolve('../../docs/operations.md')), 'utf8')
const QUERY = /^ *(jq -rR 'fromjson\? \| select\(.*app\.log.*)$/m.exec(OPERATIONS)?.[1] ?? ''

interface Line {
  readonly level: number
  readonly msg: string
  readonly code?: string
  readonly enforced?: boolean
}

/** An application that exists: it knows nothing of certificates, and answers everybody. */
function routes(app: FastifyInstance): void {
  const show = ({ clientCert }: FastifyRequest) => `hello ${clientCert?.subject.CN ?? 'somebody'}`
  app.get('/healthz', { config: { clientCert: false } }, () => 'healthy')
  app.get('/me', show)
  app.get('/admin/users', { config: { clientCert: 'ops' } }, show)
  app.get('/old/report', show)
  app.setNotFoundHandler((_, reply) => reply.code(404).send('the page of before'))
}

const PATHS = ['/healthz', '/me', '/admin/users', '/old/report', '/nowhere']

describe('the way from nothing to enforced', () => {
  let edge: DevEdge
  let port: number
  let app: FastifyInstance
  let log: string[]

  /** Deploys the application on the port of the origin, in place of the one before. */
  async function deploy(changes?: Partial<CountersignPluginOptions>): Promise<void> {
    await app?.close()
    const lines: string[] = []
    log = lines
    app = Fastify({ logger: { level: 'info', stream: lineStream((line) => lines.push(line)) } }) as never
    if (changes) {
      await app.register(countersign, {
        edge: { keys: edge.keys, hosts: edge.hosts },
        access: edge.access,
        trustedIssuers: [edge.clientCa],
        policies: { ops: { subject: { OU: 'Ops' } } },
        ...changes,
      })
    }
    routes(app)
    await app.listen({ host: '127.0.0.1', port })
  }

  beforeAll(() =>
    onFreePort(async (free) => {
      port = free
      edge = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
      await deploy().catch(async (error) => {
        await edge.close()
        throw error
      })
    }),
  )
  afterAll(async () => {
    await edge?.close()
    await app?.close()
  })

  const parsed = () => log.map((line) => JSON.parse(line) as Line)

  /** Sends a request of each client for each path, and lists the answers by client. */
  async function traffic(): Promise<Record<string, string[]>> {
    const { alice, bob, expired } = edge.clients
    const answers: Record<string, string[]> = {}
    for (const [name, client] of Object.entries({ alice, bob, expired, none: undefined })) {
      answers[name] = []
      for (const path of PATHS) {
        const { status, body, headers } = await edge.fetch(path, { client })
        const noted = headers['countersign-not-enforced']
        answers[name]?.push(`${status} ${codeOf(body) ?? body}${noted ? ` (${noted})` : ''}`)
      }
    }
    answers['around'] = []
    for (const path of PATHS) {
      const request = { method: 'GET', target: path, headers: ['Host', edge.hosts[0] as string] }
      const { status, code, body } = await sendRaw(port, formatRequest(request))
      answers['around'].push(`${status} ${code ?? body}`)
    }
    return answers
  }

  /** The lines of the query, as `uniq -c` prints them. With `jq` installed, it runs the query itself. */
  function query(): string[] {
    const counts = new Map<string, number>()
    for (const { enforced, code } of parsed()) {
      if (enforced === false) counts.set(`${code}`, (counts.get(`${code}`) ?? 0) + 1)
    }
    const expected = [...counts].toSorted().map(([code, count]) => `${count} ${code}`)
    if (spawnSync('jq', ['--version']).status === 0) {
      const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
      writeFileSync(join(folder, 'app.log'), ['(node:1) Warning: not JSON', ...log].join('\n'))
      const printed = execFileSync('sh', ['-c', QUERY], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      })
      rmSync(folder, { recursive: true })
      expect(
        printed
          .trim()
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
      ).toEqual(expected)
    }
    return expected
  }

  const refusedLines = () =>
    parsed()
      .filter(({ msg }) => msg === 'countersign: request refused')
      .map(({ code }) => code)
  const enforcedUrls = () =>
    app
      .clientCertRoutes()
      .filter(({ method, protection, enforced }) => method === 'GET' && protection !== 'public' && enforced)
      .map(({ url }) => url)
  const warnings = () => parsed().filter(({ level, msg }) => level === 40 && msg.startsWith('countersign: mode is'))

  const BEFORE = [
    '200 healthy',
    '200 hello somebody',
    '200 hello somebody',
    '200 hello somebody',
    '404 the page of before',
  ]

  it('has a query in the document', () => {
    expect(QUERY).toBe("jq -rR 'fromjson? | select(.enforced == false) | .code' app.log | sort | uniq -c")
  })

  it('begins without the plugin', async () => {
    expect(await traffic()).toEqual({ alice: BEFORE, bob: BEFORE, expired: BEFORE, none: BEFORE, around: BEFORE })
  })

  const named = (name: string, admin = '') => [
    '200 healthy',
    `200 hello ${name}`,
    `200 hello ${name}${admin}`,
    `200 hello ${name}`,
    '404 the page of before',
  ]
  const noted = (code: string) => BEFORE.map((answer) => (answer.endsWith('healthy') ? answer : `${answer} (${code})`))

  it('answers all as before in report mode, and counts each refusal', async () => {
    await deploy({ mode: 'report' })
    expect(await traffic()).toEqual({
      alice: named('alice'),
      bob: named('bob', ' (CSN_CERT_FORBIDDEN)'),
      expired: noted('CSN_CERT_EXPIRED'),
      none: noted('CSN_CERT_MISSING'),
      around: BEFORE,
    })
    expect(query()).toEqual([
      '4 CSN_CERT_EXPIRED',
      '1 CSN_CERT_FORBIDDEN',
      '4 CSN_CERT_MISSING',
      '4 CSN_SIGNATURE_MISSING',
    ])
    expect([refusedLines(), enforcedUrls(), warnings()]).toMatchObject([[], [], [{ level: 40 }]])
    expect(app.countersignHealth()).toMatchObject({
      state: 'ok',
      mode: 'report',
      unenforcedRoutes: 6,
      versions: { worker: 'known' },
    })
  })

  it('enforces a part by a rule', async () => {
    await deploy({ mode: 'report', routes: [{ url: '/admin/*', mode: 'enforce' }] })
    const answers = await traffic()
    expect(Object.values(answers).map((list) => list[2])).toEqual([
      '200 hello alice',
      '403 CSN_CERT_FORBIDDEN',
      '403 CSN_CERT_EXPIRED',
      '401 CSN_CERT_MISSING',
      '401 CSN_SIGNATURE_MISSING',
    ])
    expect(Object.values(answers).map((list) => list[1]?.slice(0, 4))).toEqual(Array(5).fill('200 '))
    expect(query()).toEqual(['3 CSN_CERT_EXPIRED', '3 CSN_CERT_MISSING', '3 CSN_SIGNATURE_MISSING'])
    expect(refusedLines().toSorted()).toEqual([
      'CSN_CERT_EXPIRED',
      'CSN_CERT_FORBIDDEN',
      'CSN_CERT_MISSING',
      'CSN_SIGNATURE_MISSING',
    ])
    expect([enforcedUrls(), warnings()]).toMatchObject([['/admin/users'], [{ level: 40 }]])
    expect(app.countersignHealth()).toMatchObject({ mode: 'report', unenforcedRoutes: 4 })
  })

  it('leaves the last routes open without the option', async () => {
    await deploy({ routes: [{ url: '/old/*', mode: 'report' }] })
    expect((await traffic())['none']).toEqual([
      '200 healthy',
      '401 CSN_CERT_MISSING',
      '401 CSN_CERT_MISSING',
      '200 hello somebody (CSN_CERT_MISSING)',
      '401 CSN_CERT_MISSING',
    ])
    expect(query()).toEqual(['1 CSN_CERT_EXPIRED', '1 CSN_CERT_MISSING', '1 CSN_SIGNATURE_MISSING'])
    expect(enforcedUrls()).toEqual(['/me', '/admin/users'])
    expect(app.countersignHealth()).toMatchObject({ mode: 'enforce', unenforcedRoutes: 2 })
    expect(parsed()).toContainEqual(
      expect.objectContaining({ level: 40, routes: ['GET /old/report', 'HEAD /old/report'] }),
    )
  })

  it('ends with every route enforced', async () => {
    await deploy({})
    const refused = (code: string) => ['200 healthy', ...Array(4).fill(code)]
    expect(await traffic()).toEqual({
      alice: named('alice'),
      bob: named('bob').with(2, '403 CSN_CERT_FORBIDDEN'),
      expired: refused('403 CSN_CERT_EXPIRED'),
      none: refused('401 CSN_CERT_MISSING'),
      around: refused('401 CSN_SIGNATURE_MISSING'),
    })
    expect([query(), enforcedUrls(), warnings()]).toEqual([[], ['/me', '/admin/users', '/old/report'], []])
    expect(refusedLines()).toHaveLength(13)
    expect(app.countersignHealth()).toMatchObject({ state: 'ok', mode: 'enforce', unenforcedRoutes: 0 })
  })
})
