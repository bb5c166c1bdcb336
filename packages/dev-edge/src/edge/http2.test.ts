import { once } from 'node:events'
import { constants } from 'node:http2'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { startServer } from '@countersign/test-support/local-server'
import { describe, expect, it, vi } from 'vitest'
import { connectHttp2, request } from '../../test/support/http2-client.ts'
import { useEdge } from '../../test/support/use-edge.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import type { EdgeTlsOptions } from '../net/edge-fetch.ts'
import type { DevClientName } from '../pki/dev-clients.ts'

vi.setConfig({ testTimeout: 20_000 })

const test = useEdge({ forwardCert: 'chain' })

describe('the handshake', () => {
  it.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ])('of a client that offers %s agrees on %s', async (ALPNProtocols, protocol) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connect({ ...test.edge.tlsOptions(), maxVersion, ...(ALPNProtocols && { ALPNProtocols }) })
      await once(socket, 'secureConnect')
      expect([socket.alpnProtocol, socket.getProtocol()]).toEqual([protocol, maxVersion])
      socket.destroy()
    }
  })

  it('refuses TLS 1.1', async () => {
    const socket = connect({
      ...test.edge.tlsOptions(),
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    })
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/version|protocol/i)
  })
})

describe('a request over HTTP/2', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'arrives over HTTP/1.1 with its whole certificate, from %s',
    async (maxVersion) => {
      await using session = await connectHttp2(test.edge.tlsOptions(test.edge.clients.branch), { maxVersion })
      for (const path of ['/one?a=%2f', '/two']) {
        const { url, headers } = (await request(session, { ':path': path })).json()
        expect(url).toBe(path)
        expect(headers).toMatchObject({
          host: 'app.example.com',
          'x-cert-verify': 'SUCCESS',
          'x-cert-subject-dn': 'CN=branch,OU=Branch,O=Acme',
          'client-cert-chain': expect.stringMatching(/^:[A-Za-z0-9+/]+=*:$/),
          'cf-connecting-ip': '127.0.0.1',
        })
        expect(Object.keys(headers).filter((name) => name.startsWith(':'))).toEqual([])
      }
    },
  )

  it.each<[DevClientName | undefined, string, string]>([
    [undefined, 'NONE', '0'],
    ['revoked', 'SUCCESS', '1'],
    ['expired', 'FAILED:certificate has expired', '0'],
    ['notYetValid', 'FAILED:certificate is not yet valid', '0'],
    ['selfSigned', 'FAILED:self signed certificate', '0'],
    ['otherCa', 'FAILED:unable to verify the first certificate', '0'],
    ['otherBranch', 'FAILED:unable to get local issuer certificate', '0'],
  ])('of the client %s has the verdict %s', async (name, verdict, revoked) => {
    await using session = await connectHttp2(test.edge.tlsOptions(name && test.edge.clients[name]))
    const { headers } = (await request(session, {})).json()
    expect([headers['x-cert-verify'], headers['x-cert-revoked']]).toEqual([verdict, revoked])
  })

  it('has its cookies on one line, and no certificate headers of its own', async () => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    const { headers } = (
      await request(session, { cookie: ['a=1', 'b=2'], 'x-cert-verify': 'SUCCESS', te: 'trailers' })
    ).json()
    expect(headers.cookie).toBe('a=1; b=2')
    expect(headers['x-cert-verify']).toBe('NONE')
    expect(headers).not.toHaveProperty('te')
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])('passes as %s', async (method) => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    const answer = await request(session, { ':method': method })
    expect(answer.headers[':status']).toBe(200)
    if (method !== 'HEAD') expect(answer.json()).toMatchObject({ method, body: '' })
    if (method === 'HEAD') return
    expect((await request(session, { ':method': method }, 'Zoë')).json()).toMatchObject({ method, body: 'Zoë' })
    expect((await request(session, { ':method': method, 'content-length': 4 }, 'Zoë')).json()).toMatchObject({
      body: 'Zoë',
      headers: { 'content-length': '4' },
    })
  })

  it.each([
    ['with a Host that differs from the authority', { host: 'b.example.com' }, 400],
    ['for no path', { ':path': '*', ':method': 'OPTIONS' }, 400],
    ['to CONNECT', { ':method': 'CONNECT' }, 405],
  ])('%s is refused', async (_, headers, status) => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    const stream = session.request({ ':authority': 'app.example.com', ...headers } as Record<string, string>)
    stream.on('error', () => {})
    const [answer] = await once(stream, 'response')
    expect(answer[':status']).toBe(status)
  })

  it('that ends right after its headers passes', async () => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    expect((await request(session, { ':method': 'GET' }, '')).json()).toMatchObject({ method: 'GET', body: '' })
    const stream = session.request({ ':authority': 'app.example.com' }, { endStream: false })
    const answered = once(stream, 'response')
    stream.end()
    expect((await answered)[0][':status']).toBe(200)
  })

  it('with a Host like its authority passes', async () => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    expect((await request(session, { host: 'app.example.com' })).json().headers.host).toBe('app.example.com')
  })
})

describe('an answer over HTTP/2', () => {
  it('has no headers of the connection, and keeps repeats', async () => {
    const custom = await startServer((_, response) => {
      response.writeHead(404, [
        ...['Connection', 'keep-alive', 'Keep-Alive', 'timeout=5', 'Set-Cookie', 'a=1'],
        ...['Set-Cookie', 'b=2', 'ETag', '"a"', 'Server', 'origin', 'X-Latin', 'Zo\xeb'],
      ])
      response.end('no')
    })
    await using other = await createDevEdge({ origin: custom.url })
    await using session = await connectHttp2(other.tlsOptions())
    const { headers, body } = await request(session, {})
    expect(headers).toMatchObject({ ':status': 404, 'set-cookie': ['a=1', 'b=2'], etag: '"a"', server: 'cloudflare' })
    expect(headers['cf-ray']).toMatch(/^[0-9a-f]{16}-DEV$/)
    for (const name of ['connection', 'keep-alive', 'transfer-encoding']) expect(headers).not.toHaveProperty(name)
    expect(body).toBe('no')
    await custom.close()
  })

  it.each([204, 304])('of status %i has no body', async (status) => {
    const empty = await startServer((_, response) => response.writeHead(status).end())
    await using other = await createDevEdge({ origin: empty.url })
    await using session = await connectHttp2(other.tlsOptions())
    const { headers, body } = await request(session, {})
    expect([headers[':status'], body]).toEqual([status, ''])
    await empty.close()
  })

  it('that the origin breaks off is reset for the client, and the connection stays open', async () => {
    const broken = await startServer((incoming, response) => {
      if (incoming.url === '/whole') return response.end('whole')
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 50)
    })
    await using other = await createDevEdge({ origin: broken.url, log: () => {} })
    await using session = await connectHttp2(other.tlsOptions())
    await expect(request(session, { ':path': '/half' })).rejects.toThrow('NGHTTP2_INTERNAL_ERROR')
    expect((await request(session, { ':path': '/whole' })).body).toBe('whole')
    await broken.close()
  })

  it.each(['before', 'after'])(
    'nobody waits for any more, %s it has begun, is cancelled at the origin',
    async (when) => {
      const gone = Promise.withResolvers<void>()
      const started = Promise.withResolvers<void>()
      const endless = await startServer((incoming, response) => {
        if (incoming.url === '/other') return response.end('other')
        if (when === 'after') response.write('forever')
        response.on('close', () => gone.resolve())
        started.resolve()
      })
      await using other = await createDevEdge({ origin: endless.url, log: () => {} })
      await using session = await connectHttp2(other.tlsOptions())
      const stream = session.request({ ':path': '/endless' })
      stream.on('error', () => {})
      await started.promise
      if (when === 'after') await once(stream, 'data')
      stream.close(constants.NGHTTP2_CANCEL)
      await gone.promise
      expect((await request(session, { ':path': '/other' })).body).toBe('other')
      await endless.close()
    },
  )
})

describe('an upload over HTTP/2', () => {
  it.each(['reset', 'cut'])('that is %s is broken off at the origin, not ended', async (how) => {
    const ended = Promise.withResolvers<boolean>()
    const begun = Promise.withResolvers<void>()
    const receiving = await startServer((incoming) => {
      incoming.on('data', () => begun.resolve())
      incoming.on('error', () => {}).on('close', () => ended.resolve(incoming.complete))
    })
    await using other = await createDevEdge({ origin: receiving.url, log: () => {} })
    // node:http2 ends a stream before it resets it, so this client writes its own frames.
    const socket = await connectFrames(other.tlsOptions())
    socket.write(frame(HEADERS, END_HEADERS, 1, POST + TEN_BYTES), 'latin1')
    socket.write(frame(DATA, 0, 1, 'one'), 'latin1')
    await begun.promise
    if (how === 'reset') socket.write(frame(RST_STREAM, 0, 1, CANCEL), 'latin1')
    else socket.destroy()
    expect(await ended.promise).toBe(false)
    socket.destroy()
    await receiving.close()
  })

  it('that the origin refuses early gets the answer', async () => {
    const refusing = await startServer((incoming, response) => {
      incoming.resume()
      response.writeHead(413).end('too much')
    })
    await using other = await createDevEdge({ origin: refusing.url, log: () => {} })
    await using session = await connectHttp2(other.tlsOptions())
    const stream = session.request({ ':method': 'POST' })
    stream.write('x'.repeat(200_000))
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(413)
    expect(await text(stream.end())).toBe('too much')
    await refusing.close()
  })
})

describe('a client that asks too much', () => {
  it('receives the limits', async () => {
    await using session = await connectHttp2(test.edge.tlsOptions())
    expect(session.remoteSettings.maxConcurrentStreams).toBe(100)
  })

  it('with headers of more than 128 KiB is refused, and can send other requests', async () => {
    await using session = await connectHttp2(test.edge.tlsOptions(), { maxSendHeaderBlockLength: 1_000_000 })
    const padding = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'y'.repeat(4000)]))
    await expect(request(session, padding(40))).rejects.toThrow('NGHTTP2_ENHANCE_YOUR_CALM')
    expect((await request(session, padding(2))).headers[':status']).toBe(200)
  })

  it('by resetting request after request is disconnected, alone', async () => {
    await using calm = await connectHttp2(test.edge.tlsOptions())
    const socket = await connectFrames(test.edge.tlsOptions())
    const closed = once(socket, 'close')
    let flood = ''
    for (let id = 1; id < 6000; id += 2) {
      flood += frame(HEADERS, END_HEADERS + END_STREAM, id, id % 4 === 1 ? GET : GET_CERTS)
      flood += frame(RST_STREAM, 0, id, CANCEL)
    }
    socket.write(flood, 'latin1')
    await closed
    expect((await request(calm, {})).headers[':status']).toBe(200)
  })
})

const [DATA, HEADERS, RST_STREAM, SETTINGS] = [0, 1, 3, 4]
const [END_STREAM, END_HEADERS] = [1, 4]
/** `:method`, `:scheme https`, `:path /`, `:authority a` (RFC 7541). */
const [GET, POST] = ['\x82\x87\x84\x41\x01a', '\x83\x87\x84\x41\x01a']
/** The request for the keys of Access, which the edge answers itself. */
const GET_CERTS = '\x82\x87\x44\x15/cdn-cgi/access/certs\x41\x01a'
/** `content-length: 10`. Without it, workerd sometimes completes a broken body. */
const TEN_BYTES = '\x0f\x0d\x0210'
const CANCEL = '\0\0\0\x08'

/** Opens a connection of HTTP/2 for hand-written frames. */
async function connectFrames(options: EdgeTlsOptions): Promise<TLSSocket> {
  const socket = connect({ ...options, ALPNProtocols: ['h2'] })
  socket.on('error', () => {}).resume()
  await once(socket, 'secureConnect')
  socket.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frame(SETTINGS, 0, 0)}`, 'latin1')
  return socket
}

/** Builds a frame in latin1 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload = ''): string {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return head.toString('latin1') + payload
}
