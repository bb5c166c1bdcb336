import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERIFIED } from '../test/support/cloudflare-values.ts'
import { type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
const { privateJwk: ed25519Jwk, jwk: ed25519PublicJwk } = ed25519Key()

/** A Worker of one's own: it answers some paths itself, and counts its key imports. */
const OWN_WORKER = `
import { CountersignWorkerError, countersign } from '@countersign/worker'

let imports = 0
const importKey = crypto.subtle.importKey.bind(crypto.subtle)
crypto.subtle.importKey = (...parameters) => {
  imports += 1
  return importKey(...parameters)
}
const keys = [] as unknown[]

export default {
  async fetch(request: Request, env: Record<string, string>) {
    const url = new URL(request.url)
    if (url.pathname === '/imports') return new Response(String(imports))
    if (url.pathname === '/old') return fetch(await countersign(new Request(request.url), { key: env.HMAC }))
    if (url.pathname === '/cf') return Response.json((await countersign(request, { key: env.HMAC })).cf ?? 'no cf')
    if (url.pathname === '/object') return fetch(await countersign(request, { key: keys[0] ??= JSON.parse(env.HMAC) }))
    try {
      const key = env[request.headers.get('key') ?? 'HMAC']
      return fetch(await countersign(request, { key, forwardCert: request.headers.get('forward-cert') ?? undefined }))
    } catch (error) {
      return new Response(error instanceof CountersignWorkerError ? error.code : 'another error', { status: 500 })
    }
  },
}`

const OWN_BINDINGS = `
import { createWorker } from '@countersign/worker'

export default createWorker((env) => ({
  key: JSON.parse(env.EDGE_KEY),
  forwardCert: 'none',
  require: { verified: env.MTLS === 'required' },
}))`

/** The Worker as it is deployed. It counts the objects that it makes. */
const DEPLOYED = `
import worker from '@countersign/worker'

const made: Record<string, number> = { Headers: 0, Request: 0, TextEncoder: 0 }
for (const name of Object.keys(made)) {
  globalThis[name] = class extends globalThis[name] {
    constructor(...parameters) {
      super(...parameters)
      made[name] += 1
    }
  }
}

export default {
  fetch: (request: Request, env) => (request.url.endsWith('/made') ? Response.json(made) : worker.fetch(request, env)),
}`

const cf = { tlsClientAuth: VERIFIED }

describe('countersign', () => {
  let edge: Edge
  beforeAll(async () => {
    const HMAC = JSON.stringify(hmacJwk)
    const ED25519 = JSON.stringify(ed25519Jwk)
    edge = await startEdge({
      own: { source: OWN_WORKER, bindings: { HMAC, ED25519 } },
      counting: { source: OWN_WORKER, bindings: { HMAC } },
      deployed: { source: DEPLOYED, bindings: { COUNTERSIGN_KEY: HMAC } },
      created: { source: OWN_BINDINGS, bindings: { EDGE_KEY: ED25519, MTLS: 'required' } },
      broken: { source: OWN_BINDINGS, bindings: { EDGE_KEY: `${String(hmacJwk.k)}"}`, MTLS: 'required' } },
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  it("signs inside a Worker of one's own", async () => {
    const request = await edge.forward({
      worker: 'own',
      cf,
      target: '/a/%2e%2e/b?c',
      headers: [['forward-cert', 'chain']],
    })
    expect(request.url).toBe('/b?c')
    expect(request.header('client-cert-chain')).toBe(VERIFIED.certChainRFC9440)
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
  })

  it('accepts the key as an object too', async () => {
    const request = await edge.forward({ worker: 'own', target: '/object' })
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
  })

  it('leaves a redirect to the client, even in a request that the Worker made itself', async () => {
    edge.origin.route('/old', (_, response) => void response.writeHead(302, { Location: '/new' }).end())
    const { response } = await edge.send({ worker: 'own', target: '/old' })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('/new')
    expect(edge.origin.received.map(({ url }) => url)).not.toContain('/new')
  })

  it('rejects with an error that the Worker can tell by its code', async () => {
    const exchange = await edge.send({ worker: 'own', headers: [['forward-cert', 'all']] })
    expect(exchange.response).toMatchObject({ status: 500, body: 'CSN_WORKER_OPTION_INVALID' })
    const keyless = await edge.send({ worker: 'own', headers: [['key', 'NO_SUCH_BINDING']] })
    expect(keyless.response).toMatchObject({ status: 500, body: 'CSN_WORKER_KEY_MISSING' })
    expect([exchange.received, keyless.received]).toEqual([undefined, undefined])
  })

  it('imports its key once per isolate, not per request', async () => {
    const imports = async () => Number((await edge.send({ worker: 'counting', target: '/imports' })).response.body)
    expect(await imports()).toBe(0)
    for (let sent = 0; sent < 5; sent += 1) await edge.forward({ worker: 'counting' })
    await Promise.all(Array.from({ length: 20 }, () => edge.forward({ worker: 'counting' })))
    expect(await imports()).toBe(1)
  })

  it('makes one Headers of a request and no Request, since each copies all headers', async () => {
    const made = async () => (await edge.send({ worker: 'deployed', target: '/made' })).response.json()
    expect(await made()).toEqual({ Headers: 0, Request: 0, TextEncoder: 0 })
    for (let sent = 0; sent < 3; sent += 1) await edge.forward({ worker: 'deployed', cf })
    await edge.forward({ worker: 'deployed', cf, method: 'POST', body: Buffer.from('hello') })
    expect(await made()).toEqual({ Headers: 4, Request: 0, TextEncoder: 0 })
  })

  it('omits request.cf, as documented', async () => {
    const { response } = await edge.send({ worker: 'own', target: '/cf', cf })
    expect(response.json()).toBe('no cf')
  })

  it('signs with the key it was given, even when two alternate', async () => {
    const sent = Array.from({ length: 20 }, (_, at) => {
      const [key, jwk] = at % 2 ? (['HMAC', hmacJwk] as const) : (['ED25519', ed25519PublicJwk] as const)
      return edge.forward({ worker: 'own', headers: [['key', key]] }).then((request) => verifyByHand(request, jwk))
    })
    for (const { valid } of await Promise.all(sent)) expect(valid).toBe(true)
  })

  describe('createWorker', () => {
    it('reads its options from bindings of any name', async () => {
      const request = await edge.forward({ worker: 'created', cf })
      const { valid, covered } = verifyByHand(request, ed25519PublicJwk)
      expect(valid).toBe(true)
      expect(covered).not.toContain('client-cert')
      const refused = await edge.send({ worker: 'created' })
      expect(refused.response.json()).toMatchObject({ statusCode: 403, code: 'CSN_CERT_UNVERIFIED' })
      expect(refused.received).toBeUndefined()
    })

    it('keeps the quotation of JSON.parse from a bad key out of the log', async () => {
      const { response, received, lines } = await edge.send({ worker: 'broken', cf })
      expect(response.json()).toMatchObject({ statusCode: 500, code: 'CSN_WORKER_FAILED' })
      expect(received).toBeUndefined()
      const [line = ''] = await lines()
      expect(JSON.parse(line)).toMatchObject({ level: 'error', code: 'CSN_WORKER_FAILED' })
      expect(JSON.parse(line).reason).toMatch(/^SyntaxError at /)
      expect(line).not.toContain(String(hmacJwk.k).slice(0, 5))
    })
  })
})
