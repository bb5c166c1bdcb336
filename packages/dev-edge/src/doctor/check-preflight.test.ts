import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import countersign from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDevEdge } from '../create-dev-edge.ts'
import { listen } from '../net/listen.ts'
import { checkPreflight } from './check-preflight.ts'

const PAGE = 'https://dashboard.example.com'
const ALLOWED = { 'access-control-allow-origin': PAGE }

async function answering(status: number, body: string, headers: OutgoingHttpHeaders = {}) {
  const received: IncomingMessage[] = []
  const server = createServer((request, response) => {
    received.push(request)
    response.writeHead(status, headers).end(body)
  })
  onTestFinished(() => void server.close())
  return { url: new URL(`http://127.0.0.1:${await listen(server, 0)}/me`), received }
}

describe('checkPreflight', () => {
  it.each([
    [204, '', ALLOWED, 'ok', 'answered 204, and allows the page'],
    [200, '', { 'access-control-allow-origin': '*' }, 'ok', 'answered 200, and allows the page'],
    [204, '', {}, 'failed', 'answered 204, and does not allow the page'],
    [
      299,
      '',
      { 'access-control-allow-origin': 'https://evil.example' },
      'failed',
      'answered 299, and does not allow the page',
    ],
    [500, '{"code":"CSN_WORKER_KEY_MISSING"}', {}, 'failed', 'the Worker answered 500 CSN_WORKER_KEY_MISSING'],
    [
      401,
      '{"code":"CSN_SIGNATURE_INVALID"}',
      {},
      'failed',
      'for the signature of the Worker, the origin refused with 401 CSN_SIGNATURE_INVALID',
    ],
    [401, '{"code":"CSN_ACCESS_TOKEN_MISSING"}', {}, 'failed', 'the origin refused with 401 CSN_ACCESS_TOKEN_MISSING'],
    [
      204,
      '',
      { 'access-control-allow-origin': '*', 'countersign-not-enforced': 'CSN_CERT_MISSING' },
      'failed',
      'the origin would refuse with CSN_CERT_MISSING (report mode, answered 204)',
    ],
    [
      404,
      '',
      { 'countersign-not-enforced': 'CSN_SIGNATURE_MISSING' },
      'failed',
      'for the signature of the Worker, the origin would refuse with CSN_SIGNATURE_MISSING (report mode, answered 404)',
    ],
    [
      403,
      'EVIL',
      ALLOWED,
      'failed',
      'answered 403 without a code, perhaps by Access, by a rule of the WAF or by cloudflared',
    ],
    [
      302,
      '',
      ALLOWED,
      'failed',
      'answered 302 without a code, perhaps by Access, by a rule of the WAF or by cloudflared',
    ],
    [
      300,
      '',
      ALLOWED,
      'failed',
      'answered 300 without a code, perhaps by Access, by a rule of the WAF or by cloudflared',
    ],
  ])('judges %d %s %j as %s', async (status, body, headers, outcome, detail) => {
    const { url } = await answering(status, body, headers)
    const finding = await checkPreflight(url, PAGE)
    expect(finding).toMatchObject({ check: 'preflight', outcome, detail })
    expect(finding.advice === undefined).toBe(outcome === 'ok')
  })

  it('names the remedy of each failure', async () => {
    const advice = async (status: number, body: string) =>
      (await checkPreflight((await answering(status, body)).url, PAGE)).advice
    expect(await advice(204, '')).toContain('the option origin of @fastify/cors')
    expect(await advice(500, '{"code":"CSN_WORKER_FAILED"}')).toContain('configuration of the Worker')
    expect(await advice(400, '{"code":"CSN_HEADERS_MALFORMED"}')).toContain('the check "through-edge"')
    expect(await advice(401, '{"code":"CSN_CERT_MISSING"}')).toContain("{ method: 'OPTIONS', url: '*'")
    expect(await advice(403, '')).toContain('Bypass options requests to origin')
  })

  it('asks as a browser does', async () => {
    const { url, received } = await answering(204, '', ALLOWED)
    await checkPreflight(url, PAGE)
    expect(received.map(({ method, url: path }) => [method, path])).toEqual([['OPTIONS', '/me']])
    expect(received[0]?.headers).toMatchObject({ origin: PAGE, 'access-control-request-method': 'GET' })
  })

  it('fails an edge that does not answer', async () => {
    expect(await checkPreflight(new URL('http://127.0.0.1:1'), PAGE)).toEqual({
      check: 'preflight',
      outcome: 'failed',
      detail: 'ECONNREFUSED',
      advice: 'Look at the DNS record and at the TLS settings of this hostname',
    })
  })

  it.each([
    [
      'an origin with a rule',
      [{ method: 'OPTIONS', url: '*', clientCert: false as const }],
      'answered 204, and allows the page',
    ],
    ['an origin without one', [], 'the origin refused with 401 CSN_CERT_MISSING'],
  ])('asks %s, through an edge that requires certificates', async (_, routes, detail) => {
    const port = await freePort()
    await using edge = await createDevEdge({ origin: `http://127.0.0.1:${port}`, require: 'verified' })
    const app = Fastify() as unknown as FastifyInstance
    onTestFinished(() => app.close())
    const { keys, hosts, clientCa } = edge
    await app.register(countersign, { edge: { keys, hosts }, access: null, trustedIssuers: [clientCa], routes })
    if (routes.length > 0) app.options('*', (_request, reply) => reply.code(204).headers(ALLOWED).send())
    await app.listen({ host: '127.0.0.1', port })
    expect(await checkPreflight(new URL(`${edge.url}/me`), PAGE)).toMatchObject({ detail })
  })
})
