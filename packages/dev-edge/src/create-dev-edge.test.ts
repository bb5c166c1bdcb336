import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createDevEdge, type DevEdge } from './create-dev-edge.ts'
import type { DevClientName } from './dev-clients.ts'
import { type RecordedRequest, type RecordingOrigin, startOrigin } from './testing/recording-origin.ts'

// Many of these start an edge of their own, on machines that do other work beside.
vi.setConfig({ testTimeout: 20_000 })

let origin: RecordingOrigin
let edge: DevEdge

beforeAll(async () => {
  origin = await startOrigin()
  edge = await createDevEdge({ origin: origin.url, forwardCert: 'chain' })
})

afterAll(async () => {
  await edge.close()
  await origin.close()
})

type FetchOptions = NonNullable<Parameters<DevEdge['fetch']>[1]>

async function record(path: string, options?: FetchOptions): Promise<RecordedRequest> {
  const response = await edge.fetch(path, options)
  expect(response.status).toBe(200)
  return response.json()
}

const verified = (headers: RecordedRequest['headers']) => headers['x-cert-verify']

describe('a client certificate', () => {
  it.each<[DevClientName, string]>([
    ['alice', 'SUCCESS'],
    ['bob', 'SUCCESS'],
    ['rsa', 'SUCCESS'],
    ['branch', 'SUCCESS'],
    ['revoked', 'SUCCESS'],
    ['expired', 'FAILED:certificate has expired'],
    ['notYetValid', 'FAILED:certificate is not yet valid'],
    ['selfSigned', 'FAILED:self signed certificate'],
    ['otherCa', 'FAILED:unable to verify the first certificate'],
    ['otherBranch', 'FAILED:unable to get local issuer certificate'],
  ])('of %s arrives at the origin as %s', async (name, verdict) => {
    const { headers } = await record('/', { client: edge.clients[name] })
    expect(headers['x-cert-presented']).toBe('1')
    expect(verified(headers)).toBe(verdict)
    expect(headers['x-cert-revoked']).toBe(name === 'revoked' ? '1' : '0')
    expect(headers['client-cert']).toMatch(/^:[A-Za-z0-9+/]+=*:$/)
  })

  it('that is absent arrives as NONE', async () => {
    const { headers } = await record('/')
    expect(Object.entries(headers).filter(([name]) => /cert/.test(name) && name !== 'signature-input')).toEqual([
      ['x-cert-presented', '0'],
      ['x-cert-revoked', '0'],
      ['x-cert-verify', 'NONE'],
    ])
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is read from a handshake of %s, intermediates included',
    async (version) => {
      const { headers } = await record('/', { client: edge.clients.branch, maxVersion: version })
      const [, base64] = edge.clients.branch.ca?.match(/-----\n([^-]+)-----END/) ?? []
      expect(headers['client-cert-chain']).toBe(`:${base64?.replaceAll('\n', '')}:`)
      expect(headers['x-cert-issuer-dn-2253']).toBe('CN=Acme Branch CA,O=Acme')
      expect(headers['x-cert-issuer-serial']).toMatch(/^[0-9A-F]{32}$/)
    },
  )

  it('is read from every handshake anew: sessions are not resumed', async () => {
    const sessions: Buffer[] = []
    const open = (session?: Buffer) =>
      new Promise<boolean>((resolve, reject) => {
        const socket = connect({ ...edge.tlsOptions(edge.clients.branch), session })
        socket.on('session', (ticket) => sessions.push(ticket)).on('error', reject)
        socket.on('end', () => resolve(socket.isSessionReused()))
        socket.end(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
        socket.resume()
      })
    await open()
    expect(await open(sessions.at(-1))).toBe(false)
  })

  it('is reported the same on every request of a connection', async () => {
    const socket = connect(edge.tlsOptions(edge.clients.branch))
    const ask = () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const chains = () => text.match(/"client-cert-chain":":[^"]+"/g) ?? []
    ask()
    await expect.poll(chains).toHaveLength(1)
    ask()
    await expect.poll(chains).toHaveLength(2)
    socket.destroy()
    expect(new Set(chains()).size).toBe(1)
  })

  it('may bear names outside ASCII', async () => {
    const subject = 'CN=Zoë 🦊\\, \\"the\\" fox \\+ 1,O=Acme'
    const { headers } = await record('/', { client: await edge.issueClient({ subject }) })
    const escaped = 'CN=Zo\\C3\\AB \\F0\\9F\\A6\\8A\\, \\"the\\" fox \\+ 1,O=Acme'
    expect(headers['x-cert-subject-dn-2253']).toBe(escaped)
    expect(headers['x-cert-subject-dn']).toBe(escaped)
    expect(headers['x-cert-subject-dn-l']).toBe('/O=Acme/CN=Zo\\xC3\\xAB \\xF0\\x9F\\xA6\\x8A, "the" fox + 1')
  })

  it('can be revoked while the edge runs', async () => {
    const client = await edge.issueClient()
    expect((await record('/', { client })).headers['x-cert-revoked']).toBe('0')
    edge.revokeClient(client)
    expect((await record('/', { client })).headers['x-cert-revoked']).toBe('1')
  })

  it('cannot be claimed by headers', async () => {
    const cf = JSON.stringify({
      tlsClientAuth: { certPresented: '1', certVerified: 'SUCCESS', certSubjectDN: 'CN=eve' },
    })
    const { headers } = await record('/', {
      headers: { 'X-CERT-VERIFY': 'SUCCESS', x_cert_verify: 'SUCCESS', 'MF-CF-Blob': cf, 'mf-cf-blob': [cf, cf] },
    })
    expect(verified(headers)).toBe('NONE')
    expect(JSON.stringify(headers)).not.toContain('SUCCESS')
  })
})

describe('a request', () => {
  it('keeps its Host', async () => {
    expect((await record('/')).headers['host']).toBe(new URL(edge.url).host)
    expect((await record('/', { headers: { host: 'app.example.com' } })).headers['host']).toBe('app.example.com')
  })

  it.each([
    ['without a Host', []],
    ['with two', ['Host: a', 'Host: b']],
    ['with one that is none', ['Host: a/b']],
    ['in absolute form', ['Host: a'], 'https://b/'],
  ])('%s is refused', async (_, hosts, target = '/') => {
    const socket = connect(edge.tlsOptions())
    socket.end([`GET ${target} HTTP/1.1`, ...hosts, 'Connection: close', '', ''].join('\r\n'))
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('reaches the Worker with its path untouched, so that the Worker decides what is signed', async () => {
    expect((await record('/a%2fb/%c3%a9?q=%7E&r=a+b%20c')).url).toBe('/a%2fb/%c3%a9?q=%7E&r=a+b%20c')
    expect((await record('/a/%2e%2e/b//c?')).url).toBe('/b//c?')
  })

  it('carries what Cloudflare adds', async () => {
    const { headers } = await record('/', { headers: { 'x-forwarded-for': '10.0.0.1', 'cf-connecting-ip': 'forged' } })
    expect(headers).toMatchObject({
      'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-DEV$/),
      'cf-connecting-ip': '127.0.0.1',
      'cf-visitor': '{"scheme":"https"}',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-proto': 'https',
    })
    expect(Object.keys(headers).filter((name) => name.startsWith('mf-'))).toEqual([])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('passes as %s, with a body and without', async (method) => {
    expect(await record('/', { method, body: 'Zoë' })).toMatchObject({ method, body: 'Zoë' })
    const without = await record('/', { method })
    expect(without).toMatchObject({ method, body: '' })
    expect(without.headers).not.toHaveProperty('transfer-encoding')
  })

  it('passes as HEAD', async () => {
    expect(await edge.fetch('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it('streams its body', async () => {
    const seen: string[] = []
    const streaming = await startOrigin((request, response) => {
      request.on('data', (chunk) => seen.push(String(chunk))).on('end', () => response.end('done'))
    })
    await using other = await createDevEdge({ origin: streaming.url })
    async function* body() {
      yield 'one'
      await expect.poll(() => seen.join()).toBe('one')
      yield 'two'
    }
    const answer = await other.fetch('/', { method: 'POST', body: Readable.from(body()) })
    expect([answer.body, seen]).toEqual(['done', ['one', 'two']])
    await streaming.close()
  })

  it('with a large certificate meets the limit for headers at the origin, not here', async () => {
    const dns = Array.from({ length: 300 }, (_, index) => `host-${index}.acme.example`)
    const client = await edge.issueClient({ san: { dns } })
    const { status } = await edge.fetch('/', { client, headers: { 'x-padding': 'x'.repeat(8_000) } })
    expect(status).toBe(431)
  })
})

describe('an upload', () => {
  it('that the client breaks off is broken off at the origin', async () => {
    const broken = Promise.withResolvers<boolean>()
    const receiving = await startOrigin((request) => {
      request.on('error', () => {}).on('close', () => broken.resolve(!request.complete))
    })
    await using other = await createDevEdge({ origin: receiving.url, log: () => {} })
    const abort = new AbortController()
    async function* body() {
      yield 'one'
      await sleep(50)
      abort.abort()
    }
    await expect(
      other.fetch('/', { method: 'POST', body: Readable.from(body()), signal: abort.signal }),
    ).rejects.toThrow('aborted')
    expect(await broken.promise).toBe(true)
    await receiving.close()
  })

  it('that the origin refuses early gets the answer', async () => {
    const refusing = await startOrigin((request, response) => {
      request.resume()
      response.writeHead(413).end('too much')
    })
    await using other = await createDevEdge({ origin: refusing.url, log: () => {} })
    const { status, body } = await other.fetch('/', { method: 'PUT', body: 'x'.repeat(200_000) })
    expect([status, body]).toEqual([413, 'too much'])
    await refusing.close()
  })
})

describe('an answer', () => {
  it('keeps status, reason, and repeated headers', async () => {
    const custom = await startOrigin((_, response) => {
      response.writeHead(418, 'Short and stout', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Up', 'yes'])
      response.end('tea')
    })
    await using other = await createDevEdge({ origin: custom.url })
    const { status, headers, body } = await other.fetch('/')
    expect([status, headers['set-cookie'], headers['x-up'], body]).toEqual([418, ['a=1', 'b=2'], 'yes', 'tea'])
    await custom.close()
  })

  it('streams: its head before its body, and every part as it comes', async () => {
    let next = (_part: string | null) => {}
    const slow = await startOrigin((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      next = (part) => (part === null ? response.end() : response.write(part))
    })
    await using other = await createDevEdge({ origin: slow.url })
    const request = httpsRequest({ ...other.tlsOptions(), path: '/' }).end()
    const [response] = await once(request, 'response')
    next('one')
    expect(String((await once(response, 'data'))[0])).toBe('one')
    next('two')
    expect(String((await once(response, 'data'))[0])).toBe('two')
    next(null)
    await once(response, 'end')
    await slow.close()
  })

  it('that the origin cuts off is cut off for the client', async () => {
    const broken = await startOrigin((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 50)
    })
    await using other = await createDevEdge({ origin: broken.url, log: () => {} })
    await expect(other.fetch('/')).rejects.toThrow('aborted')
    await broken.close()
  })

  it.each(['before', 'after'])(
    'nobody waits for any more, %s it has begun, is cancelled at the origin',
    async (when) => {
      const gone = Promise.withResolvers<void>()
      const started = Promise.withResolvers<void>()
      const endless = await startOrigin((_, response) => {
        if (when === 'after') response.write('forever')
        response.on('close', () => gone.resolve())
        started.resolve()
      })
      await using other = await createDevEdge({ origin: endless.url, log: () => {} })
      const abort = new AbortController()
      const request = httpsRequest({ ...other.tlsOptions(), signal: abort.signal })
      request.on('error', () => {}).end()
      await started.promise
      if (when === 'after') {
        const [response] = await once(request, 'response')
        response.on('error', () => {})
        await once(response, 'data')
      }
      abort.abort()
      await gone.promise
      await endless.close()
    },
  )

  it('is 502 with a reason when nobody listens at the origin, and the edge goes on', async () => {
    const shut = await startOrigin()
    await using other = await createDevEdge({ origin: shut.url, log: () => {} })
    expect((await other.fetch('/')).status).toBe(200)
    await shut.close()
    for (const options of [{}, { method: 'POST', body: 'x'.repeat(1_000_000) }, { client: other.clients.alice }]) {
      const response = await other.fetch('/', options)
      expect(response.status).toBe(502)
      expect(response.json()).toEqual({
        statusCode: 502,
        code: 'CSN_DEV_ORIGIN_UNREACHABLE',
        error: 'Bad Gateway',
        message: expect.stringContaining(`no answer from ${shut.url}`),
      })
    }
  })

  it('comes from the Worker when the edge requires a verified certificate', async () => {
    await using other = await createDevEdge({ origin: origin.url, require: 'verified' })
    expect((await other.fetch('/')).json()).toMatchObject({ statusCode: 403, code: 'CSN_CERT_UNVERIFIED' })
    expect((await other.fetch('/', { client: other.clients.alice })).status).toBe(200)
  })
})

describe('a WebSocket', () => {
  it('passes, certificate and all', async () => {
    const server = new WebSocketServer({ server: origin.server })
    server.on('connection', (socket, request) => {
      socket.send(String(request.headers['x-cert-subject-dn']))
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const socket = new WebSocket(`wss://localhost:${new URL(edge.url).port}/chat`, edge.tlsOptions(edge.clients.alice))
    expect(String((await once(socket, 'message'))[0])).toBe('CN=alice,OU=Ops,O=Acme,C=US')
    socket.send('Zoë')
    expect(String((await once(socket, 'message'))[0])).toBe('Zoë')
    const binary = Buffer.alloc(100_000, 7)
    socket.send(binary)
    expect((await once(socket, 'message'))[0]).toEqual(binary)
    socket.close(4001, 'bye')
    expect((await once(socket, 'close'))[0]).toBe(4001)
    server.close()
  })

  it('that the client drops is dropped at the origin, and the other way round', async () => {
    const sockets = await startOrigin()
    const server = new WebSocketServer({ server: sockets.server })
    await using other = await createDevEdge({ origin: sockets.url, log: () => {} })
    const open = async () => {
      const client = new WebSocket(other.url.replace('https', 'wss'), other.tlsOptions())
      const [[atOrigin]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
      return { client, atOrigin }
    }
    const one = await open()
    one.client.terminate()
    await once(one.atOrigin, 'close')
    const two = await open()
    two.atOrigin.terminate()
    await once(two.client, 'close')
    await sockets.close()
  })

  it('that the origin refuses gets its answer', async () => {
    const refusing = await startOrigin()
    refusing.server.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: no\r\n\r\nno')
    })
    await using other = await createDevEdge({ origin: refusing.url, log: () => {} })
    const socket = new WebSocket(other.url.replace('https', 'wss'), other.tlsOptions())
    const [, response] = await once(socket, 'unexpected-response')
    expect([response.statusCode, response.headers['x-why']]).toEqual([403, 'no'])
    await refusing.close()
  })

  it('gets 502 when nobody listens at the origin, and 400 for a wrong developer header', async () => {
    const shut = await startOrigin()
    await shut.close()
    await using other = await createDevEdge({ origin: shut.url, log: () => {} })
    const status = async (headers: Record<string, string>) => {
      const socket = new WebSocket(other.url.replace('https', 'wss'), { ...other.tlsOptions(), headers })
      const [, response] = await once(socket, 'unexpected-response')
      return response.statusCode
    }
    expect(await status({})).toBe(502)
    expect(await status({ 'countersign-dev-access': 'nobody' })).toBe(400)
  })
})

describe('Access', () => {
  const token = (headers: RecordedRequest['headers']) => headers['cf-access-jwt-assertion'] ?? ''
  const verify = (jwt: string) =>
    jwtVerify(jwt, createRemoteJWKSet(new URL(edge.access.jwksUri)), {
      issuer: edge.access.issuer,
      audience: edge.access.audience,
    })

  it('admits as a user unless the developer says otherwise', async () => {
    const { headers } = await record('/', { headers: { 'cf-access-jwt-assertion': 'forged' } })
    expect((await verify(token(headers))).payload).toMatchObject({ type: 'app', email: 'dev@example.com' })
    expect(headers).not.toHaveProperty('countersign-dev-access')
  })

  it('gives the same token on every request of a session', async () => {
    const [one, two] = [await record('/'), await record('/')]
    expect(token(one.headers)).toBe(token(two.headers))
  })

  it('admits as a service', async () => {
    const { headers } = await record('/', { headers: { 'Countersign-Dev-Access': 'service' } })
    expect((await verify(token(headers))).payload).toMatchObject({
      sub: '',
      common_name: expect.stringMatching(/\.access$/),
    })
  })

  it('admits by certificate, and names that one', async () => {
    for (const client of [edge.clients.alice, edge.clients.branch]) {
      const { headers } = await record('/', { client, headers: { 'Countersign-Dev-Access': 'certificate' } })
      expect((await verify(token(headers))).payload).toMatchObject({
        common_name: client.name,
        mtls_auth: {
          auth_status: 'SUCCESS',
          cert_presented: true,
          cert_serial: headers['x-cert-serial'],
          cert_issuer_dn: headers['x-cert-issuer-dn'],
          cert_issuer_ski: headers['x-cert-issuer-ski'],
        },
      })
    }
  })

  it.each([undefined, 'expired', 'otherCa', 'revoked'] as const)('does not admit by certificate: %s', async (name) => {
    const client = name && edge.clients[name]
    const response = await edge.fetch('/', { client, headers: { 'Countersign-Dev-Access': 'certificate' } })
    expect(response.status).toBe(403)
    expect(response.json()).toMatchObject({ code: 'CSN_DEV_ACCESS_DENIED' })
  })

  it('makes tokens that an origin has to refuse', async () => {
    const expired = await record('/', { headers: { 'Countersign-Dev-Access': 'expired' } })
    await expect(verify(token(expired.headers))).rejects.toThrow('"exp"')
    const other = await record('/', { headers: { 'Countersign-Dev-Access': 'other-audience' } })
    await expect(verify(token(other.headers))).rejects.toThrow('"aud"')
  })

  it('leaves the token out, the client’s own too', async () => {
    const { headers } = await record('/', {
      headers: { 'Countersign-Dev-Access': 'none', 'cf-access-jwt-assertion': 'forged' },
    })
    expect(headers).not.toHaveProperty('cf-access-jwt-assertion')
  })

  it.each(['admin', '', 'USER', 'user, none'])('answers 400 to "%s" and says what there is', async (value) => {
    const response = await edge.fetch('/', { headers: { 'Countersign-Dev-Access': value } })
    expect(response.status).toBe(400)
    expect(response.json().message).toBe(
      'The header Countersign-Dev-Access takes one of: user, service, certificate, expired, other-audience, none',
    )
  })

  it('publishes its keys on both listeners', async () => {
    const overTls = (await edge.fetch('/cdn-cgi/access/certs')).json()
    const [response] = await once(get(edge.access.jwksUri), 'response')
    expect(JSON.parse(String((await once(response, 'data'))[0]))).toEqual(overTls)
    expect(Object.keys(overTls)).toEqual(['keys', 'public_cert', 'public_certs'])
    const [elsewhere] = await once(get(new URL('/', edge.access.jwksUri)), 'response')
    expect(elsewhere.resume().statusCode).toBe(404)
  })

  it('signs with a new key after a rotation, and the old tokens stay good', async () => {
    const before = token((await record('/')).headers)
    await edge.rotateAccessKeys()
    const after = token((await record('/')).headers)
    expect(after).not.toBe(before)
    await verify(before)
    await verify(after)
    expect((await edge.fetch('/cdn-cgi/access/certs')).json().keys).toHaveLength(2)
  })

  it('makes tokens for requests that go around the edge', async () => {
    expect((await verify(await edge.accessToken())).payload).toMatchObject({ email: 'dev@example.com' })
    expect(decodeJwt(await edge.accessToken({ as: 'certificate' }))).toMatchObject({ common_name: 'alice' })
    expect(decodeJwt(await edge.accessToken({ as: 'certificate', client: edge.clients.bob }))).toMatchObject({
      common_name: 'bob',
      mtls_auth: { cert_serial: '00B0B0000000000000000000000000CAFE', cert_issuer_dn: 'CN=Acme Client CA,O=Acme' },
    })
  })
})

describe('createDevEdge', () => {
  it('starts in less than two seconds and closes at once, even with connections open', { retry: 2 }, async () => {
    const start = performance.now()
    const other = await createDevEdge({ origin: origin.url })
    expect(performance.now() - start).toBeLessThan(2000)
    const socket = connect(other.tlsOptions())
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    const closed = once(socket, 'close')
    await Promise.race([other.close(), sleep(2000).then(() => expect.unreachable('close() hangs'))])
    await closed
    await expect(other.fetch('/')).rejects.toThrow('ECONNREFUSED')
  })

  it('signs with the key that it is given', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const jwk = privateKey.export({ format: 'jwk' })
    const key = { kty: 'OKP', crv: 'Ed25519', kid: 'mine', x: jwk.x ?? '', d: jwk.d ?? '' }
    await using other = await createDevEdge({ origin: origin.url, key, forwardCert: 'none' })
    expect(other.keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', kid: 'mine', x: jwk.x }])
    const { headers } = (await other.fetch('/', { client: other.clients.alice })).json()
    expect(headers['signature-input']).toContain('keyid="mine";alg="ed25519"')
    expect(headers).not.toHaveProperty('client-cert')
  })

  it('answers for the hostname that it is given', async () => {
    await using other = await createDevEdge({ origin: origin.url, hostname: 'app.acme.localhost' })
    expect(other.url).toMatch(/^https:\/\/app\.acme\.localhost:\d+$/)
    expect((await other.fetch('/')).json().headers['host']).toBe(new URL(other.url).host)
  })

  it('is closed again when its port is taken', async () => {
    const port = Number(new URL(edge.url).port)
    const processes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length
    const before = processes()
    await expect(createDevEdge({ origin: origin.url, port })).rejects.toThrow('EADDRINUSE')
    await expect.poll(processes).toBe(before)
  })

  it.each([
    [{ origin: 'localhost:3000' }, /origin must be/],
    [{ origin: 'https://localhost:3000' }, /origin must be/],
    [{ origin: 'http://localhost:3000/base' }, /origin must be/],
    [{ origin: 'http://a', forwardCert: 'all' as 'leaf' }, /forwardCert must be/],
    [{ origin: 'http://a', require: 'yes' as 'none' }, /require must be/],
    [{ origin: 'http://a', hostname: 'a/b' }, /hostname must be/],
    [{ origin: 'http://a', key: { kty: 'oct', kid: 'a', k: 'c2hvcnQ' } }, /too weak/],
  ])('refuses %o', async (options, message) => {
    const refused = createDevEdge(options)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })
})
