import { request as requestTo } from 'node:http'
import { clientCertOf } from '@countersign/origin-plugin'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import cors from '@fastify/cors'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

/** A tunnel to the origin, as cloudflared runs it: it keeps every header, and `httpHostHeader` replaces `Host`. */
class Tunnel {
  readonly #server: LocalServer
  port = 0
  httpHostHeader: string | undefined

  private constructor(server: LocalServer) {
    this.#server = server
  }

  static async start(): Promise<Tunnel> {
    const tunnel: Tunnel = new Tunnel(
      await startServer((received, answer) => {
        const { method, url, rawHeaders } = received
        const headers = rawHeaders.map((text, at) =>
          at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host' ? (tunnel.httpHostHeader ?? text) : text,
        )
        const sent = requestTo({ host: '127.0.0.1', port: tunnel.port, method, path: url, headers }, (from) => {
          answer.writeHead(from.statusCode ?? 0, from.rawHeaders)
          from.pipe(answer)
        })
        received.pipe(sent)
      }),
    )
    return tunnel
  }

  get url(): string {
    return this.#server.url
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

describe('an origin behind cloudflared', () => {
  let tunnel: Tunnel
  let chain: Chain
  beforeAll(async () => {
    tunnel = await Tunnel.start()
    chain = await startChain({ edge: { origin: tunnel.url } })
    tunnel.port = chain.originPort
  })
  beforeEach(() => {
    tunnel.httpHostHeader = undefined
  })
  afterAll(async () => {
    await chain.close()
    await tunnel.close()
  })

  it('admits a client if the tunnel keeps Host', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })

  it('refuses every client if httpHostHeader replaces Host, and the reason names the cause', async () => {
    tunnel.httpHostHeader = 'localhost:3000'
    const answer = await chain.through('/me', { client: chain.edge.clients.alice })
    expect(answer).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    const own = new URL(chain.edge.url).host
    expect(chain.lastReason()).toBe(
      `the signature does not verify for GET localhost:3000/me, and edge.hosts is ${own}; a proxy may write its own Host`,
    )
  })
})

describe('API Shield: client certificates without Access', () => {
  const chain = useChain({
    plugin: () => ({ access: null }),
    routes(app) {
      app.get('/who', (request) => ({ cn: clientCertOf(request).subject.CN, access: request.access }))
    },
  })
  const withoutAccess = { 'Countersign-Dev-Access': 'none' }

  it('admits by certificate and signature alone', async () => {
    const { status, body } = await chain.through('/who', { client: chain.edge.clients.alice, headers: withoutAccess })
    expect([status, JSON.parse(body)]).toEqual([200, { cn: 'alice', access: null }])
  })

  it('trusts no token that comes along', async () => {
    const headers = { 'Countersign-Dev-Access': 'expired' }
    const { status, body } = await chain.through('/who', { client: chain.edge.clients.alice, headers })
    expect([status, JSON.parse(body)]).toEqual([200, { cn: 'alice', access: null }])
  })

  it('refuses a client without a certificate', async () => {
    const answer = await chain.through('/who', { headers: withoutAccess })
    expect(answer).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
  })

  it('refuses the headers of a certificate without the signature', async () => {
    const signed = await chain.capture('/who', { client: chain.edge.clients.alice, headers: withoutAccess })
    const unsigned = withHeader(withHeader(signed, 'signature', undefined), 'signature-input', undefined)
    expect(headerOf(unsigned, 'x-cert-verify')).toBe('SUCCESS')
    expect(await chain.around(unsigned)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_MISSING' })
  })
})

describe('strict service tokens: a new Access token for each request, and no cookie', () => {
  const chain = useChain()
  let request: WireRequest
  beforeAll(async () => {
    const { alice } = chain.edge.clients
    request = await chain.capture('/me', { client: alice, headers: { 'Countersign-Dev-Access': 'service' } })
  })

  const sendWith = (token: string | undefined, cookie?: string) => {
    const withToken = withHeader(request, 'cf-access-jwt-assertion', token)
    return chain.around(chain.sign(withHeader(withToken, 'cookie', cookie)))
  }
  const freshToken = (jti: string) => chain.edge.accessToken({ as: 'service', claims: { jti } })

  it('admits each of them', async () => {
    const tokens = await Promise.all(Array.from({ length: 30 }, (_, at) => freshToken(`${at}`)))
    expect(new Set(tokens).size).toBe(30)
    const answers = await Promise.all(tokens.map((token) => sendWith(token)))
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200))
  })

  it('verifies each of them, also for a client whose earlier token was good', async () => {
    expect(await sendWith(await freshToken('good'))).toMatchObject({ status: 200 })
    const [head, body, signature = ''] = (await freshToken('bad')).split('.')
    const forged = [head, body, `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`].join('.')
    expect(await sendWith(forged)).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' })
  })

  it('reads the token from its header alone, not from a cookie', async () => {
    const answer = await sendWith(undefined, `CF_Authorization=${await freshToken('cookie')}`)
    expect(answer).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_MISSING' })
  })
})

describe('preflights, at an Access application that lets OPTIONS through', () => {
  const DASHBOARD = 'https://dashboard.example.com'
  const chain = useChain({
    // The strictest edge: every other request needs a verified certificate.
    edge: { require: 'verified' },
    plugin: () => ({ routes: [{ method: 'OPTIONS', url: '*', clientCert: false as const }] }),
    routes(app) {
      app.register(cors, { origin: DASHBOARD, credentials: true })
      app.put('/order', (request) => ({ by: clientCertOf(request).subject.CN }))
    },
  })
  const preflight = { Origin: DASHBOARD, 'Access-Control-Request-Method': 'PUT', 'Countersign-Dev-Access': 'none' }

  it('answers a preflight that has neither certificate nor token', async () => {
    const { status, headers } = await chain.edge.fetch('/order', { method: 'OPTIONS', headers: preflight })
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': DASHBOARD,
      'access-control-allow-credentials': 'true',
    })
  })

  it('admits the request that follows, with its certificate and token', async () => {
    const { alice } = chain.edge.clients
    const answer = await chain.edge.fetch('/order', { method: 'PUT', client: alice, headers: { Origin: DASHBOARD } })
    expect([answer.status, answer.json()]).toEqual([200, { by: 'alice' }])
    expect(answer.headers['access-control-allow-origin']).toBe(DASHBOARD)
  })

  it('refuses that request without a certificate at the edge', async () => {
    const answer = await chain.through('/order', { method: 'PUT', headers: { Origin: DASHBOARD } })
    expect(answer).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
  })

  it('refuses that request without a token at the origin', async () => {
    const headers = { Origin: DASHBOARD, 'Countersign-Dev-Access': 'none' }
    const answer = await chain.through('/order', { method: 'PUT', client: chain.edge.clients.alice, headers })
    expect(answer).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_MISSING' })
  })

  it('refuses an OPTIONS request that is no preflight at the edge', async () => {
    const { 'Access-Control-Request-Method': _, ...headers } = preflight
    const answer = await chain.through('/order', { method: 'OPTIONS', headers })
    expect(answer).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
  })
})
