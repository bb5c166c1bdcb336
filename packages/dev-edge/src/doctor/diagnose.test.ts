import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import countersign, { type CountersignPluginOptions, optional } from '@countersign/origin-plugin'
import Fastify, { type FastifyHttpOptions } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AccessIssuer } from '../access/access-issuer.ts'
import { createAccessServer } from '../edge/access-endpoint.ts'
import { listen } from '../net/listen.ts'
import { toPem } from '../pki/dev-client.ts'
import { createEdgeKey, toVerificationKey } from '../pki/edge-key.ts'
import { formatPrivateKey } from '../pki/key-pair.ts'
import { createPki } from '../pki/pki.ts'
import { type DiagnosedAccess, diagnose } from './diagnose.ts'
import type { Finding } from './finding.ts'

const issuer = await AccessIssuer.create()
const accessServer = createAccessServer(issuer)
const key = createEdgeKey('ed25519')
const hmac = createEdgeKey()
const started: { close(): unknown }[] = []
let access: DiagnosedAccess

beforeAll(async () => {
  const jwksUri = `http://127.0.0.1:${await listen(accessServer, 0)}/cdn-cgi/access/certs`
  access = { issuer: issuer.issuer, audience: issuer.audience, jwksUri }
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()))
})
afterAll(() => accessServer.close())

/** A real origin. */
async function origin(plugin: Partial<CountersignPluginOptions> = {}, options: FastifyHttpOptions<Server> = {}) {
  const app = Fastify(options)
  started.push(app)
  await app.register(countersign, {
    edge: { keys: toVerificationKey(key), hosts: null },
    access: { issuer: issuer.issuer, audience: issuer.audience, jwks: { keys: [...issuer.certs().keys] } },
    trustedIssuers: null,
    ...plugin,
  })
  app.get('/public', { config: { clientCert: false } }, () => 'for all')
  app.get('/login', { config: { clientCert: optional() } }, () => 'in')
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** A server that does not use Countersign. */
async function server(answer: RequestListener, from: Server = createServer()): Promise<string> {
  started.push(from)
  from.on('request', answer)
  return `http://127.0.0.1:${await listen(from, 0)}`
}

const refuse: RequestListener = (_request, response) => {
  response.writeHead(401, { 'content-type': 'application/json' })
  response.end('{"statusCode":401,"code":"CSN_SIGNATURE_MISSING"}')
}

const outcomes = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ check, outcome }) => [check, outcome]))
const find = (findings: readonly Finding[], name: string) => findings.find(({ check }) => check === name)

const HOST = 'app.example.com'

const ALL_WELL = {
  'edge-keys': 'ok',
  audience: 'ok',
  'access-keys': 'ok',
  'access-key-age': 'ok',
  'origin-transport': 'ok',
  'unsigned-request': 'ok',
  'forged-certificate': 'ok',
  'forged-signature': 'ok',
  'own-host': 'ok',
  'other-host': 'ok',
  'header-size': 'ok',
  'header-size-chain': 'ok',
  'origin-clock': 'ok',
}

describe('diagnose', () => {
  it('finds no fault in a good deployment', async () => {
    const edge = { keys: [toVerificationKey(key), hmac], hosts: [HOST] }
    const url = await origin({ edge }, { http: { maxHeaderSize: 32 * 1024 } })
    const keys = JSON.stringify(edge.keys)
    const findings = await diagnose({ origin: `${url}/me`, access, keys, host: HOST, forwardCert: 'chain' })
    expect(outcomes(findings)).toEqual(ALL_WELL)
    expect(findings.filter(({ advice }) => advice !== undefined)).toEqual([])
  })

  it('finds no fault in a route whose certificate is optional: it refuses every forged request', async () => {
    const edge = { keys: [toVerificationKey(key), hmac], hosts: [HOST] }
    const keys = JSON.stringify(edge.keys)
    for (const settings of [{ edge }, { edge, access: null }]) {
      const url = await origin(settings, { http: { maxHeaderSize: 32 * 1024 } })
      const findings = await diagnose({ origin: `${url}/login`, access, keys, host: HOST, forwardCert: 'chain' })
      expect(outcomes(findings)).toEqual(ALL_WELL)
    }
  })

  it('fails a limit that leaves no room for a chain, if the Worker forwards it', async () => {
    const url = await origin()
    const findings = await diagnose({ origin: url, access: null, forwardCert: 'chain' })
    expect(find(findings, 'header-size')).toMatchObject({ outcome: 'ok' })
    expect(find(await diagnose({ origin: url, access: null }), 'header-size-chain')).toBeUndefined()
    expect(find(findings, 'header-size-chain')).toMatchObject({
      outcome: 'failed',
      // The server stops reading, so it may cut the connection before the client reads the answer.
      detail: expect.stringMatching(/^30 KiB of headers: (?:answered 431|ECONNRESET|EPIPE)$/),
      advice: expect.stringContaining('--max-http-header-size=32768'),
    })
  })

  it('fails a limit that leaves no room for a certificate', async () => {
    const findings = await diagnose({ origin: await origin({}, { http: { maxHeaderSize: 8192 } }), access: null })
    expect(find(findings, 'header-size')).toMatchObject({ outcome: 'failed' })
    expect(find(findings, 'header-size-chain')).toBeUndefined()
  })

  it('fails a route that accepts every request', async () => {
    const findings = await diagnose({ origin: `${await origin()}/public`, access: null })
    for (const name of ['unsigned-request', 'forged-certificate', 'forged-signature']) {
      expect(find(findings, name)).toMatchObject({
        outcome: 'failed',
        detail: 'answered 200: the origin accepted it',
        advice: expect.stringContaining('Register countersign before every route'),
      })
    }
  })

  it('recognises an origin in report mode, and fails each request that it would refuse', async () => {
    const url = await origin({ mode: 'report', edge: { keys: hmac, hosts: [HOST] } })
    const keys = JSON.stringify(hmac)
    const findings = await diagnose({ origin: `${url}/login`, access, keys, host: HOST, edge: `${url}/login` })
    const reported = (code: string) => ({
      outcome: 'failed',
      detail: `report mode: the origin would refuse with ${code}, and admits it`,
      advice: expect.stringMatching(/^Once no good request would be refused, remove mode: 'report' at the origin/),
    })
    expect(find(findings, 'unsigned-request')).toMatchObject(reported('CSN_SIGNATURE_MISSING'))
    expect(find(findings, 'forged-certificate')).toMatchObject(reported('CSN_SIGNATURE_MISSING'))
    expect(find(findings, 'forged-signature')).toMatchObject(reported('CSN_SIGNATURE_INVALID'))
    expect(find(findings, 'own-host')).toMatchObject({ outcome: 'ok' })
    expect(find(findings, 'other-host')).toMatchObject({
      outcome: 'failed',
      detail: 'report mode: the origin would refuse another host with CSN_SIGNATURE_INVALID, and admits it',
    })
    expect(find(findings, 'through-edge')).toMatchObject({
      outcome: 'failed',
      detail: 'report mode: the origin would refuse the signature of the Worker with CSN_SIGNATURE_MISSING',
      advice: expect.stringContaining("Compare the Worker's route"),
    })
    expect(find(findings, 'cache')).toMatchObject({
      outcome: 'failed',
      detail: 'report mode: the origin would refuse others with CSN_SIGNATURE_MISSING, and admits them',
    })
  })

  it('recognises report mode if the handler answers with an error', async () => {
    const url = await origin({ mode: 'report' })
    const findings = await diagnose({ origin: `${url}/missing`, access: null })
    expect(find(findings, 'unsigned-request')).toMatchObject({
      outcome: 'failed',
      detail: 'report mode: the origin would refuse with CSN_SIGNATURE_MISSING, and admits it',
    })
  })

  it('names the expected code if report mode would refuse with another one, and quotes no other text', async () => {
    const answering = (value: string) =>
      server((_request, response) => response.setHeader('countersign-not-enforced', value).end('welcome'))
    const other = await diagnose({ origin: await answering('CSN_ACCESS_TOKEN_MISSING'), access: null })
    expect(find(other, 'unsigned-request')?.detail).toBe(
      'report mode: the origin would refuse with CSN_ACCESS_TOKEN_MISSING in place of CSN_SIGNATURE_MISSING, and admits it',
    )
    const text = await diagnose({ origin: await answering('CSN_A EVIL'), access: null })
    expect(find(text, 'unsigned-request')?.detail).toBe('answered 200: the origin accepted it')
  })

  it('fails an origin that accepts certificate headers without a signature', async () => {
    const url = await server((request, response) =>
      request.headers['x-cert-verify'] === 'SUCCESS' && !request.headers.signature
        ? response.end('welcome')
        : refuse(request, response),
    )
    const findings = await diagnose({ origin: url, access: null })
    expect(outcomes(findings)).toMatchObject({ 'unsigned-request': 'ok', 'forged-certificate': 'failed' })
  })

  it('fails an origin that accepts any signature', async () => {
    const url = await server((request, response) =>
      request.headers.signature ? response.end('welcome') : refuse(request, response),
    )
    const findings = await diagnose({ origin: url, access: null })
    expect(outcomes(findings)).toMatchObject({ 'forged-certificate': 'ok', 'forged-signature': 'failed' })
  })

  it('warns of an origin that checks the token alone', async () => {
    const findings = await diagnose({ origin: await origin({ edge: null }), access })
    expect(find(findings, 'forged-signature')).toMatchObject({
      outcome: 'warning',
      detail: expect.stringContaining('does not check the edge signature'),
    })
  })

  it.each<[string, RequestListener, RegExp]>([
    [
      'a redirect',
      (_request, response) => response.writeHead(302, { location: '/login' }).end(),
      /answered 302, but not/,
    ],
    ['a proxy', (_request, response) => response.writeHead(502).end('{"code":"EVIL\\u001b"}'), /answered 502, but not/],
    [
      'Cloudflare',
      (request, response) => {
        response.setHeader('cf-ray', '8f0-DEV')
        refuse(request, response)
      },
      /Cloudflare answered 401, not the origin/,
    ],
    [
      'the Worker',
      (_request, response) => response.writeHead(500).end('{"code":"CSN_WORKER_KEY_MISSING"}'),
      /the edge answered 500 CSN_WORKER_KEY_MISSING/,
    ],
  ])('fails %s that answers in place of the origin', async (_what, answer, detail) => {
    const findings = await diagnose({ origin: await server(answer), access: null })
    expect(find(findings, 'unsigned-request')).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(detail),
      advice: expect.any(String),
    })
    expect(JSON.stringify(findings)).not.toMatch(/EVIL|login/)
  })

  it.each([
    [499, 'Name a route of the Fastify application, and look for a proxy that answers in its place'],
    [
      500,
      'Look for the error in the log of the origin: clientCertOf() fails if the plugin does not protect its route. Without one there, a proxy answered in its place',
    ],
  ])('advises on an answer %d without a code', async (status, advice) => {
    const url = await server((_request, response) => response.writeHead(status).end())
    const findings = await diagnose({ origin: url, access: null })
    expect(find(findings, 'unsigned-request')).toMatchObject({ outcome: 'failed', advice })
  })

  it.each([401, 403])('warns of an origin that refuses with %d and hides the code', async (status) => {
    const url = await server((_request, response) => response.writeHead(status).end('{"error":"EVIL"}'))
    const findings = await diagnose({ origin: url, access: null, keys: JSON.stringify(hmac), host: HOST })
    for (const name of ['unsigned-request', 'forged-certificate', 'forged-signature']) {
      expect(find(findings, name)).toMatchObject({
        outcome: 'warning',
        detail: `refused with ${status}, without a code of Countersign`,
        advice: expect.stringContaining('"countersign: request refused"'),
      })
    }
    for (const name of ['own-host', 'other-host']) {
      expect(find(findings, name)).toMatchObject({ outcome: 'skipped', detail: 'not checked: the answer has no code' })
    }
    expect(JSON.stringify(findings)).not.toContain('EVIL')
  })

  it.each(['rfc9440', 'cf-cert'] as const)(
    'finds no fault in an origin that reads %s, and demands no signature',
    async (source) => {
      const url = `${await origin({ source, edge: null })}/me`
      const findings = await diagnose({ origin: url, access, source })
      expect(findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'warning')).toEqual([])
      const refusals = findings.filter(({ check }) => ['unsigned-request', 'forged-certificate'].includes(check))
      expect(refusals.map(({ check, detail }) => [check, detail])).toEqual([
        ['unsigned-request', 'refused with 401 CSN_ACCESS_TOKEN_MISSING'],
        ['forged-certificate', 'refused with 401 CSN_ACCESS_TOKEN_INVALID'],
      ])
      expect(outcomes(findings)).not.toHaveProperty('forged-signature')
    },
  )

  it('warns of an origin that reads another source than the given one', async () => {
    const url = `${await origin({ source: 'rfc9440', edge: null })}/me`
    const findings = await diagnose({ origin: url, access, source: 'cf-cert' })
    expect(outcomes(findings)).toMatchObject({ 'forged-certificate': 'warning' })
    expect(findings.find(({ check }) => check === 'forged-certificate')?.detail).toBe(
      'refused with 400 CSN_HEADERS_MALFORMED in place of CSN_ACCESS_TOKEN_INVALID',
    )
  })

  it('refuses a source that does not fit', async () => {
    const base = { origin: 'http://127.0.0.1:9/me', access, source: 'rfc9440' } as const
    await expect(diagnose({ ...base, access: null })).rejects.toThrow(
      new TypeError('access must not be null with source "rfc9440"; write { team, audience }'),
    )
    await expect(diagnose({ ...base, keys: '{}' })).rejects.toThrow(
      new TypeError('keys belong to the Worker, and source is "rfc9440"; remove keys'),
    )
    await expect(diagnose({ ...base, source: 'client-cert' as never })).rejects.toThrow(
      new TypeError('source must be "worker", "rfc9440" or "cf-cert"'),
    )
  })

  it('sends every request with the hostname', async () => {
    const hosts = new Set<string | undefined>()
    const url = await server((request, response) => {
      hosts.add(request.headers.host)
      refuse(request, response)
    })
    await diagnose({ origin: url, access: null, host: HOST, forwardCert: 'chain' })
    expect([...hosts]).toEqual([HOST])
  })

  it('warns of a refusal for another reason', async () => {
    const url = await server((_request, response) => response.writeHead(400).end('{"code":"CSN_HEADERS_MALFORMED"}'))
    const findings = await diagnose({ origin: url, access: null })
    expect(find(findings, 'unsigned-request')).toMatchObject({ outcome: 'warning' })
  })

  it.each([
    ['127.0.0.1', 'Nothing listens at this port. Start the origin, or correct the port'],
    ['localhost', 'Nothing listens at this port. Start the origin, or correct the port'],
    ['0.0.0.0', "This is right if only Cloudflare can reach it. Run the check on the origin's own machine"],
  ])('fails an origin that cannot be reached at %s, and sends it no more requests', async (host, advice) => {
    const gone = createServer()
    const port = await listen(gone, 0)
    await new Promise((resolve) => gone.close(resolve))
    expect(await diagnose({ origin: `http://${host}:${port}`, access: null })).toEqual([
      {
        check: 'unsigned-request',
        outcome: 'failed',
        detail: 'the origin cannot be reached from here: ECONNREFUSED',
        advice,
      },
    ])
  })

  it('does not call a port free that closes the connection', async () => {
    const url = await server((request) => request.socket.destroy())
    expect(await diagnose({ origin: url, access: null })).toEqual([
      {
        check: 'unsigned-request',
        outcome: 'failed',
        detail: 'the origin cannot be reached from here: ECONNRESET',
        advice: "This is right if only Cloudflare can reach it. Run the check on the origin's own machine",
      },
    ])
  })

  it.each([
    [-20, 'warning', /^(?:19|20|21)\.\d s behind Cloudflare's clock$/],
    [20, 'warning', /^(?:19|20|21)\.\d s ahead of Cloudflare's clock$/],
    [-3600, 'failed', /s behind/],
    [3600, 'failed', /s ahead/],
  ])('compares clocks: %d s', async (seconds, outcome, detail) => {
    const url = await server((request, response) => {
      response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString())
      refuse(request, response)
    })
    const findings = await diagnose({ origin: url, access })
    expect(find(findings, 'origin-clock')).toMatchObject({ outcome, detail: expect.stringMatching(detail) })
  })

  it("ignores this machine's clock when Cloudflare and the origin agree", async () => {
    const anHourLate =
      (answer: RequestListener): RequestListener =>
      (request, response) => {
        response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString())
        answer(request, response)
      }
    const certs = anHourLate((_request, response) => response.end(JSON.stringify(issuer.certs())))
    const findings = await diagnose({
      origin: await server(anHourLate(refuse)),
      access: { issuer: issuer.issuer, audience: issuer.audience, jwksUri: await server(certs) },
    })
    expect(outcomes(findings)).toMatchObject({ 'access-keys': 'ok', 'origin-clock': 'ok' })
  })

  it("compares with this machine's clock without Cloudflare's, and warns without any clock", async () => {
    const findings = await diagnose({ origin: await origin(), access: null })
    expect(find(findings, 'origin-clock')?.detail).toBe("less than 5 s from this machine's clock")
    const url = await server((request, response) => {
      response.sendDate = false
      refuse(request, response)
    })
    expect(outcomes(await diagnose({ origin: url, access: null }))).toMatchObject({ 'origin-clock': 'warning' })
  })

  it('checks an origin with an untrusted TLS certificate, and reports it', async () => {
    const pki = await createPki('localhost')
    const tls = { cert: toPem(pki.server.certificate), key: formatPrivateKey(pki.server.keys.privateKey) }
    const url = await server(refuse, createHttpsServer(tls))
    const findings = await diagnose({ origin: url.replace('http:', 'https:'), access: null })
    expect(find(findings, 'origin-transport')).toMatchObject({
      outcome: 'warning',
      detail: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    })
    expect(find(findings, 'unsigned-request')).toMatchObject({ outcome: 'ok' })
  })

  it('checks the audience and the keys of Access', async () => {
    const jwksUri = await server((_request, response) => response.writeHead(302, { location: '/' }).end())
    const wrong = { issuer: 'https://acme.cloudflareaccess.com', audience: 'acme', jwksUri }
    const findings = await diagnose({ origin: await origin(), access: wrong })
    expect(find(findings, 'audience')).toMatchObject({ outcome: 'failed' })
    expect(find(findings, 'access-keys')).toMatchObject({ outcome: 'failed', detail: `${jwksUri}/ answered 302` })
  })

  it.each([
    [{ origin: 'localhost:3000', access: null }, /origin must be a URL/],
    [{ origin: 'http://me:secret@localhost', access: null }, /origin must be a URL/],
    [{ origin: 'http://localhost' } as never, /access is missing/],
    [{ origin: 'http://localhost', access: null, host: 'https://app.example.com' }, /host must be a hostname/],
    [{ origin: 'http://localhost', access: null, edge: 'app.example.com' }, /edge must be a URL/],
    [
      { origin: 'http://localhost', access: null, preflight: 'https://a.example' },
      /preflight needs edge; write the URL/,
    ],
    [
      { origin: 'http://localhost', access: null, edge: 'http://localhost', preflight: 'https://a.example/' },
      /preflight must be the origin of a page, without a path/,
    ],
    [
      { origin: 'http://localhost', access: null, edge: 'http://localhost', preflight: 'a.example' },
      /preflight must be the origin of a page, without a path/,
    ],
    [
      { origin: 'http://localhost', access: { team: 'acme.cloudflareaccess.com', audience: '' } },
      /team must be the name/,
    ],
    ...[{}, { jwks: { keys: [] } }].map((keys): [Parameters<typeof diagnose>[0], RegExp] => [
      { origin: 'http://localhost', access: { issuer: 'acme', audience: '', ...keys } },
      /issuer must be a URL/,
    ]),
    [
      {
        origin: 'http://localhost',
        access: { issuer: 'https://a', audience: '', jwksUri: 'https://a/keys', jwks: { keys: [] } },
      },
      /access has jwks and jwksUri; write one of the two/,
    ],
  ])('refuses %o', async (options, message) => {
    await expect(diagnose(options)).rejects.toThrow(TypeError)
    await expect(diagnose(options)).rejects.toThrow(message)
  })
})
