import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { opensslSelfSigned } from '@countersign/test-support/openssl'
import {
  type RecordedRequest,
  type RecordingOrigin,
  recordRequest,
  startRecordingOrigin,
} from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { VERIFIED } from '../test/support/cloudflare-values.ts'
import { CF_OF_FETCH, type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk } = hmacKey()
const COUNTERSIGN_KEY = JSON.stringify(jwk)
const HOST = 'app.example.com'
const cf = { tlsClientAuth: VERIFIED }

/** A Worker behind a service binding, as docs/deploy.md has it. For `/cached` it makes a request without a cache mode. */
const BEHIND = `
export default {
  fetch({ url, headers }: Request) {
    if (url.endsWith('/cached')) return fetch(url, { headers })
    return fetch(arguments[0], { cache: 'no-store' })
  },
}`

/** As docs/deploy.md has it, for an origin without TLS behind a VPC service. */
const VPC_WITHOUT_TLS = `
import { createWorker } from '@countersign/worker'
export default createWorker((env) => ({
  key: env.COUNTERSIGN_KEY,
  fetcher: { fetch: (url, init) => env.VPC.fetch(url.replace(/^https:/, 'http:'), init) },
}))`

/** As docs/deploy.md has it, with the local origin in place of `origin.example.com`. */
const MOVED = `
import { countersign } from '@countersign/worker'
export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    Object.assign(url, { protocol: 'https:', hostname: 'localhost', port: env.ORIGIN_PORT })
    const signed = await countersign(new Request(url, request), { key: env.COUNTERSIGN_KEY })
    return env.ORIGIN_CERT.fetch(signed.url, signed)
  },
}`

const UNDEFINED_FETCHER = `
import { createWorker } from '@countersign/worker'
export default createWorker((env) => ({ key: env.COUNTERSIGN_KEY, fetcher: env.NO_SUCH_BINDING }))`

const THROWING = `
import { createWorker } from '@countersign/worker'
const fetcher = { fetch: async (url) => { throw new Error('ProxyError: dns_error at ' + url) } }
export default createWorker((env) => ({ key: env.COUNTERSIGN_KEY, fetcher }))`

describe('a fetcher', () => {
  const server = opensslSelfSigned('localhost')
  const client = opensslSelfSigned('the Worker')
  let inner: RecordingOrigin
  let mtls: Awaited<ReturnType<typeof startMtlsOrigin>>
  let edge: Edge
  beforeAll(async () => {
    inner = await startRecordingOrigin({ maxHeaderSize: 65_536 })
    mtls = await startMtlsOrigin(server, client.cert)
    const bindings = { COUNTERSIGN_KEY }
    const http = { cfBlobHeader: CF_OF_FETCH }
    const vpc = { external: { address: `127.0.0.1:${inner.port}`, http } }
    const tlsOptions = {
      keypair: { certificateChain: client.cert, privateKey: client.key },
      trustedCertificates: [server.cert],
    }
    const certificate = { network: { allow: ['local'], tlsOptions } }
    edge = await startEdge({
      service: { bindings, services: { COUNTERSIGN_ORIGIN: 'behind' } },
      behind: { source: BEHIND },
      vpc: { bindings, services: { COUNTERSIGN_ORIGIN: vpc } },
      'vpc-without-tls': { bindings, services: { VPC: vpc }, source: VPC_WITHOUT_TLS },
      mtls: { bindings, services: { COUNTERSIGN_ORIGIN: certificate } },
      moved: {
        bindings: { ...bindings, ORIGIN_PORT: String(mtls.port) },
        services: { ORIGIN_CERT: certificate },
        source: MOVED,
      },
      text: { bindings: { ...bindings, COUNTERSIGN_ORIGIN: 'https://origin.example.com' } },
      empty: { bindings: { ...bindings, COUNTERSIGN_ORIGIN: '' } },
      undefined: { bindings, source: UNDEFINED_FETCHER },
      throwing: { bindings, source: THROWING },
    })
  }, 30_000)
  afterAll(async () => {
    await edge[Symbol.asyncDispose]()
    await Promise.all([inner.close(), mtls.close()])
  })

  // Like the global `fetch()`, an mTLS binding connects to the URL's host. The other bindings have one origin.
  const authorityOf = (worker: string) => (worker === 'mtls' ? `localhost:${mtls.port}` : HOST)
  const received = {
    service: () => edge.origin.received.at(-1),
    vpc: () => inner.received.at(-1),
    'vpc-without-tls': () => inner.received.at(-1),
    mtls: () => mtls.received.at(-1),
    moved: () => mtls.received.at(-1),
  }
  const bindings = Object.entries(received)
  const cacheLevel = (request: RecordedRequest | undefined) =>
    JSON.parse(request?.header(CF_OF_FETCH) ?? '{}').cacheLevel

  describe.each(bindings)('that is a %s', (worker, last) => {
    it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('takes the signed request to the origin: %s', async (method) => {
      for (const body of [undefined, Buffer.from('hello')]) {
        const before = edge.origin.received.length
        const authority = authorityOf(worker)
        const target = '/a/%2e%2e/report.csv?b'
        const { response } = await edge.send({ worker, method, authority, cf, target, ...(body && { body }) })
        expect(response.status, edge.logs.at(-1)).toBe(200)
        const request = last() as RecordedRequest
        expect(request).toMatchObject({ method, url: '/report.csv?b', body: body ?? Buffer.alloc(0) })
        expect(request.header('host')).toBe(worker === 'moved' ? `localhost:${mtls.port}` : authority)
        expect(request.header('x-cert-serial')).toBe(VERIFIED.certSerial)
        expect(verifyByHand(request, jwk).valid).toBe(true)
        expect(edge.origin.received.length).toBe(before + (worker === 'service' ? 1 : 0))
      }
    })
  })

  it.each([
    ['vpc', () => inner],
    ['service', () => edge.origin],
  ])('leaves a redirect to the client: %s', async (worker, origin) => {
    origin().route('/old', (_, response) => void response.writeHead(302, { Location: '/new' }).end())
    const { response } = await edge.send({ worker, target: '/old' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/new'])
    expect(origin().received.map(({ url }) => url)).not.toContain('/new')
  })

  it.each(['vpc', 'service'])('upgrades to a WebSocket: %s', async (worker) => {
    const sockets = new WebSocketServer({ noServer: true })
    const { server } = worker === 'vpc' ? inner : edge.origin
    const upgrades: IncomingMessage[] = []
    server.once('upgrade', (request, socket, head) => {
      upgrades.push(request)
      sockets.handleUpgrade(request, socket, head, (peer) => peer.on('message', (data) => peer.send(data)))
    })
    const socket = new WebSocket(`ws://127.0.0.1:${edge.port(worker)}`, {
      headers: { Host: HOST, 'MF-CF-Blob': JSON.stringify(cf) },
      finishRequest: (request) => {
        request.path = `https://${HOST}/chat`
        request.end()
      },
    })
    await once(socket, 'open')
    socket.send('hello')
    expect(String((await once(socket, 'message'))[0])).toBe('hello')
    socket.close()
    await once(socket, 'close')
    expect(verifyByHand(recordRequest(upgrades[0] as IncomingMessage, Buffer.alloc(0)), jwk).valid).toBe(true)
  })

  it('that is an mTLS certificate presents it to the origin', async () => {
    await edge.send({ worker: 'mtls', authority: authorityOf('mtls') })
    expect(mtls.presented.at(-1)).toBe('the Worker')
  })

  it("keeps the request out of the zone's cache", async () => {
    await edge.send({ worker: 'vpc', target: '/report.csv' })
    expect(cacheLevel(received.vpc())).toBe('bypass')
    await edge.send({ worker: 'service', target: '/report.csv' })
    expect(cacheLevel(received.service())).toBe('bypass')
  })

  it('that is a Worker must avoid the cache itself', async () => {
    await edge.send({ worker: 'service', target: '/cached' })
    expect(cacheLevel(received.service())).toBeUndefined()
  })

  it.each([
    [
      'text',
      'CSN_WORKER_FETCHER_INVALID',
      /^fetcher \(COUNTERSIGN_ORIGIN\) must have fetch\(\), and is of the type string; bind /,
    ],
    [
      'empty',
      'CSN_WORKER_FETCHER_INVALID',
      /^fetcher \(COUNTERSIGN_ORIGIN\) must have fetch\(\), and is of the type string; bind /,
    ],
    ['undefined', 'CSN_WORKER_OPTION_INVALID', /^fetcher is undefined; set the variable or binding /],
  ])('that is %s sends nothing anywhere, and the Worker answers 500', async (worker, code, reason) => {
    const before = inner.received.length
    const exchange = await edge.send({ worker, cf })
    expect(exchange.response.json()).toMatchObject({ statusCode: 500, code })
    expect([exchange.received, inner.received.length]).toEqual([undefined, before])
    const [line = ''] = await exchange.lines()
    expect(JSON.parse(line)).toMatchObject({ level: 'error', code, reason: expect.stringMatching(reason) })
  })

  it('that throws is answered with 502, and its error is in the log', async () => {
    const { response, lines } = await edge.send({
      worker: 'throwing',
      target: '/a?token=b',
      headers: [['CF-Ray', 'abc-DEV']],
    })
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.json()).toEqual({
      statusCode: 502,
      code: 'CSN_WORKER_FETCHER_FAILED',
      error: 'Bad Gateway',
      message: 'The origin could not be reached',
    })
    expect((await lines()).map((line) => JSON.parse(line))).toEqual([
      {
        level: 'error',
        code: 'CSN_WORKER_FETCHER_FAILED',
        reason: 'fetch() failed: Error: ProxyError: dns_error at https://app.example.com/a?…',
        method: 'GET',
        host: HOST,
        path: '/a',
        ray: 'abc-DEV',
      },
    ])
  })
})

/** An origin that requires the Worker's client certificate in the TLS handshake. */
async function startMtlsOrigin(own: { readonly cert: string; readonly key: string }, clientCa: string) {
  const received: RecordedRequest[] = []
  const presented: (string | undefined)[] = []
  const options = { ...own, ca: clientCa, requestCert: true, rejectUnauthorized: true, maxHeaderSize: 65_536 }
  const server = createServer(options, async (request, response) => {
    presented.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push(recordRequest(request, Buffer.concat(chunks)))
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    return closed
  }
  return { port: (server.address() as AddressInfo).port, received, presented, close }
}
