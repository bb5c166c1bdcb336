import { createServer, type OutgoingHttpHeaders } from 'node:http'
import countersign from '@countersign/origin-plugin'
import { freePort, startServer } from '@countersign/test-support/local-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDevEdge } from '../create-dev-edge.ts'
import { listen } from '../net/listen.ts'
import { checkEdge } from './check-edge.ts'

async function answering(status: number, body: string, headers: OutgoingHttpHeaders = {}): Promise<URL> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body))
  onTestFinished(() => void server.close())
  return new URL(`http://127.0.0.1:${await listen(server, 0)}`)
}

describe('checkEdge', () => {
  it.each([
    [
      'CSN_CERT_MISSING',
      'ok',
      'answered 200, in report mode with CSN_CERT_MISSING: the origin accepted the signature of the Worker',
    ],
    [
      'CSN_SIGNATURE_INVALID',
      'failed',
      'report mode: the origin would refuse the signature of the Worker with CSN_SIGNATURE_INVALID',
    ],
  ])('judges report mode with %s as %s', async (code, outcome, detail) => {
    const url = await answering(200, 'hello', { 'countersign-not-enforced': code })
    const [finding] = await checkEdge(url, undefined)
    expect(finding).toMatchObject({ check: 'through-edge', outcome, detail })
  })

  it.each([
    [
      401,
      '{"code":"CSN_CERT_MISSING"}',
      'ok',
      'answered 401 CSN_CERT_MISSING: the origin accepted the signature of the Worker',
    ],
    [
      403,
      '{"code":"CSN_CERT_FORBIDDEN"}',
      'ok',
      'answered 403 CSN_CERT_FORBIDDEN: the origin accepted the signature of the Worker',
    ],
    [204, '', 'ok', 'answered 204: the origin accepted the signature of the Worker'],
    [
      401,
      '{"code":"CSN_SIGNATURE_INVALID"}',
      'failed',
      'the origin refused the signature of the Worker with 401 CSN_SIGNATURE_INVALID',
    ],
    [
      401,
      '{"code":"CSN_SIGNATURE_MISSING"}',
      'failed',
      'the origin refused the signature of the Worker with 401 CSN_SIGNATURE_MISSING',
    ],
    [
      400,
      '{"code":"CSN_HEADERS_MALFORMED"}',
      'failed',
      'the origin refused the signature of the Worker with 400 CSN_HEADERS_MALFORMED',
    ],
    [500, '{"code":"CSN_WORKER_KEY_MISSING"}', 'failed', 'the Worker answered 500 CSN_WORKER_KEY_MISSING'],
    [
      403,
      '{"code":"CSN_ACCESS_REQUIRED"}',
      'failed',
      'the Worker answered 403 CSN_ACCESS_REQUIRED: Access does not protect this hostname',
    ],
    [
      403,
      '{"code":"CSN_CERT_UNVERIFIED"}',
      'skipped',
      'not checked: the Worker answered 403 CSN_CERT_UNVERIFIED itself (COUNTERSIGN_REQUIRE)',
    ],
    [302, '', 'skipped', 'not checked: answered 302 without a code, perhaps by Access'],
    [403, 'EVIL', 'skipped', 'not checked: answered 403 without a code, perhaps by Access'],
  ])('judges %d %s as %s', async (status, body, outcome, detail) => {
    const [finding] = await checkEdge(await answering(status, body), undefined)
    expect(finding).toMatchObject({ check: 'through-edge', outcome, detail })
    expect(finding.advice === undefined).toBe(outcome === 'ok')
  })

  it.each([
    ['HIT', 'skipped'],
    ['REVALIDATED', 'skipped'],
    ['EXPIRED', 'ok'],
    ['MISS', 'ok'],
    ['DYNAMIC', 'ok'],
  ])('does not judge the origin by a stored answer: %s is %s', async (status, outcome) => {
    const url = await answering(200, 'secret', { 'cf-cache-status': status })
    const [finding] = await checkEdge(url, undefined)
    expect(finding.outcome).toBe(outcome)
    if (outcome === 'skipped') expect(finding.advice).toContain('the check "cache"')
  })

  it('sends three requests for both findings, two as the client and one without a certificate', async () => {
    const origin = await startServer((_, response) => void response.writeHead(401).end('{"code":"CSN_CERT_MISSING"}'))
    onTestFinished(() => origin.close())
    await using edge = await createDevEdge({ origin: origin.url })
    const findings = await checkEdge(new URL(`${edge.url}/a.csv`), edge.clients.alice)
    expect(findings).toMatchObject([
      { check: 'through-edge', outcome: 'ok' },
      { check: 'cache', outcome: 'skipped' },
    ])
    expect(origin.requests()).toBe(3)
  })

  it('reads the refusal of an unverified certificate as that of the origin, which has seen one', async () => {
    const url = await answering(403, '{"code":"CSN_CERT_UNVERIFIED"}')
    const [finding] = await checkEdge(url, { cert: '', key: '' })
    expect(finding.outcome).toBe('ok')
  })

  it('names the remedy of each failure', async () => {
    const advice = async (code: string) =>
      (await checkEdge(await answering(401, `{"code":"${code}"}`), undefined))[0].advice
    expect(await advice('CSN_SIGNATURE_MISSING')).toContain("the Worker's route")
    expect(await advice('CSN_SIGNATURE_INVALID')).toContain('writes its own Host')
    expect(await advice('CSN_SIGNATURE_EXPIRED')).toContain('NTP')
    expect(await advice('CSN_HEADERS_MALFORMED')).toContain('rewrites headers')
  })

  it('does not ask for a client certificate that it has', async () => {
    const client = { cert: '', key: '' }
    const advice = async (given?: typeof client) => (await checkEdge(await answering(404, '{}'), given))[0].advice
    expect(await advice(client)).toContain('a URL that answers 200 to this client')
    expect(await advice()).toContain('--client and --client-key')
  })

  it('fails an edge that does not answer', async () => {
    expect(await checkEdge(new URL('http://127.0.0.1:1'), undefined)).toMatchObject([
      { check: 'through-edge', outcome: 'failed', detail: 'ECONNREFUSED' },
      { check: 'cache', outcome: 'failed', detail: 'the URL cannot be reached: ECONNREFUSED' },
    ])
  })

  it('finds a platform that writes its own Host, and presents the client certificate', async () => {
    const reasons: string[] = []
    const app = Fastify() as unknown as FastifyInstance
    onTestFinished(() => app.close())
    // The platform: it passes every request on with a Host of its own.
    app.server.prependListener('request', ({ headers, rawHeaders }) => {
      headers.host = 'internal.platform'
      rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'host') + 1] = 'internal.platform'
    })
    const port = await freePort()
    await using edge = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
    app.addHook('onError', async (_request, _reply, error) => {
      reasons.push((error as { reason?: string }).reason ?? '')
    })
    await app.register(countersign, {
      edge: { keys: edge.keys, hosts: edge.hosts },
      access: edge.access,
      trustedIssuers: [edge.clientCa],
      listenersInFront: ['request'],
    })
    await app.listen({ host: '127.0.0.1', port })
    const [finding] = await checkEdge(new URL(`${edge.url}/me`), edge.clients.alice)
    expect(finding).toMatchObject({ outcome: 'failed' })
    expect(reasons[0]).toMatch(/internal\.platform\/me/)
  })
})
