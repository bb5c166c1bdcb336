import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { startServer } from '@countersign/test-support/local-server'
import { describe, expect, it, vi } from 'vitest'
import { useEdge } from '../../test/support/use-edge.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import { listen } from '../net/listen.ts'

// Many of these tests start an edge of their own, on machines under load.
vi.setConfig({ testTimeout: 20_000 })

const test = useEdge()

describe('a request', () => {
  it('keeps its Host', async () => {
    expect((await test.record('/')).headers['host']).toBe(new URL(test.edge.url).host)
    expect((await test.record('/', { headers: { host: 'app.example.com' } })).headers['host']).toBe('app.example.com')
  })

  it.each([
    ['without a Host', []],
    ['with two', ['Host: a', 'Host: b']],
    ['with one that is none', ['Host: a/b']],
    ['in absolute form', ['Host: a'], 'https://b/'],
  ])('%s is refused', async (_, hosts, target = '/') => {
    const socket = connect(test.edge.tlsOptions())
    socket.end([`GET ${target} HTTP/1.1`, ...hosts, 'Connection: close', '', ''].join('\r\n'))
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('reaches the Worker with its path untouched, so that the Worker chooses the signed form', async () => {
    expect((await test.record('/a%2fb/%c3%a9?q=%7E&r=a+b%20c')).url).toBe('/a%2fb/%c3%a9?q=%7E&r=a+b%20c')
    expect((await test.record('/a/%2e%2e/b//c?')).url).toBe('/b//c?')
  })

  it('carries the headers that Cloudflare adds', async () => {
    const { headers } = await test.record('/', {
      headers: { 'x-forwarded-for': '10.0.0.1', 'cf-connecting-ip': 'forged' },
    })
    expect(headers).toMatchObject({
      'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-DEV$/),
      'cdn-loop': 'cloudflare; loops=1',
      'cf-connecting-ip': '127.0.0.1',
      'cf-ipcountry': 'US',
      'cf-visitor': '{"scheme":"https"}',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-proto': 'https',
    })
    expect(Object.keys(headers).filter((name) => name.startsWith('mf-'))).toEqual([])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('passes as %s, with a body and without', async (method) => {
    expect(await test.record('/', { method, body: 'Zoë' })).toMatchObject({ method, body: 'Zoë' })
    const without = await test.record('/', { method })
    expect(without).toMatchObject({ method, body: '' })
    expect(without.headers).not.toHaveProperty('transfer-encoding')
  })

  it('passes as HEAD', async () => {
    expect(await test.edge.fetch('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it('streams its body', async () => {
    const seen: string[] = []
    const streaming = await startServer((request, response) => {
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

  it('with a large certificate exceeds the header limit of the origin, not of the edge', async () => {
    const dns = Array.from({ length: 300 }, (_, index) => `host-${index}.acme.example`)
    const client = await test.edge.issueClient({ san: { dns } })
    const { status, headers } = await test.edge.fetch('/', { client, headers: { 'x-padding': 'x'.repeat(60_000) } })
    expect([status, headers['server']]).toEqual([431, 'cloudflare'])
  })
})

describe('the answer of the edge', () => {
  it('bears the ray of the request, and Cloudflare as the server', async () => {
    for (const path of ['/', '/cdn-cgi/access/certs']) {
      const { headers, json } = await test.edge.fetch(path)
      expect(headers).toMatchObject({ server: 'cloudflare', 'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-DEV$/) })
      if (path === '/') expect(headers['cf-ray']).toBe(json().headers['cf-ray'])
    }
  })
})

describe('a request for another protocol', () => {
  const ask = (lines: string[], body = '') => {
    const socket = connect(test.edge.tlsOptions(test.edge.clients.alice))
    socket.write(`${[...lines, 'Host: localhost', '', ''].join('\r\n')}${body}`)
    return socket
  }
  const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA']

  it.each([
    ['h2c', H2C],
    ['a WebSocket by POST', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('is served without it, body and certificate included: %s', async (_, upgrade) => {
    const socket = ask(['POST /up HTTP/1.1', ...upgrade, 'Content-Length: 6'], 'abc')
    await sleep(20)
    // A second request on the same connection.
    socket.write(`defGET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const answers = await text(socket)
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
    const [first, second] = test.origin.received.slice(-2)
    expect(first).toMatchObject({ method: 'POST', url: '/up', body: Buffer.from('abcdef') })
    expect(first?.header('x-cert-verify')).toBe('SUCCESS')
    expect(first?.headerNames()).not.toContain('http2-settings')
    expect(second).toMatchObject({ method: 'GET', url: '/next' })
  })

  it('keeps the rest of Connection', async () => {
    const upgrade = ['Connection: upgrade, X-Hop, close', 'Upgrade: h2c', 'X-Hop: 1', 'X-End: 2']
    expect(await text(ask(['GET /up HTTP/1.1', ...upgrade]))).toMatch(/^HTTP\/1\.1 200 /)
    const received = test.origin.received.at(-1)
    expect(received?.header('x-end')).toBe('2')
    expect(received?.headerNames()).not.toContain('x-hop')
  })
})

describe('an upload', () => {
  it('that the client breaks off is broken off at the origin', async () => {
    const started = Promise.withResolvers<void>()
    const broken = Promise.withResolvers<boolean>()
    const receiving = await startServer((request) => {
      request.once('data', () => started.resolve())
      request.on('error', () => {}).on('close', () => broken.resolve(!request.complete))
    })
    await using other = await createDevEdge({ origin: receiving.url, log: () => {} })
    const abort = new AbortController()
    async function* body() {
      yield 'one'
      await started.promise
      abort.abort()
    }
    // Without it, workerd sometimes completes a broken body.
    const headers = { 'content-length': '10' }
    await expect(
      other.fetch('/', { method: 'POST', headers, body: Readable.from(body()), signal: abort.signal }),
    ).rejects.toThrow('aborted')
    expect(await broken.promise).toBe(true)
    await receiving.close()
  })

  it('that the origin refuses early gets the answer', async () => {
    const refusing = await startServer((request, response) => {
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
    const custom = await startServer((_, response) => {
      response.writeHead(418, 'Short and stout', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Up', 'yes'])
      response.end('tea')
    })
    await using other = await createDevEdge({ origin: custom.url })
    const { status, headers, body } = await other.fetch('/')
    expect([status, headers['set-cookie'], headers['x-up'], body]).toEqual([418, ['a=1', 'b=2'], 'yes', 'tea'])
    await custom.close()
  })

  it.each(['100 Continue', '102 Processing', '103 Early Hints'])('comes after the informational %s', async (status) => {
    const early = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.write(`HTTP/1.1 ${status}\r\nLink: </a.css>; rel=preload\r\n\r\n`)
          socket.end('HTTP/1.1 200 OK\r\nX-Final: yes\r\nContent-Length: 5\r\n\r\nfinal')
        })
    })
    const port = await listen(early, 0)
    await using other = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
    for (const [method, sent, body] of [
      ['GET', undefined, 'final'],
      ['POST', 'x', 'final'],
      ['HEAD', undefined, ''],
    ] as const) {
      const answer = await other.fetch('/', { method, ...(sent && { body: sent }) })
      expect([answer.status, answer.headers['x-final'], answer.headers['link'], answer.body]).toEqual([
        200,
        'yes',
        undefined,
        body,
      ])
    }
    early.close()
  })

  it('streams: its head before its body, and every part as it comes', async () => {
    let next = (_part: string | null) => {}
    const slow = await startServer((_, response) => {
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
    const broken = await startServer((_, response) => {
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
      const endless = await startServer((_, response) => {
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

  it('comes from the Worker when the edge requires a verified certificate', async () => {
    await using other = await createDevEdge({ origin: test.origin.url, require: 'verified' })
    expect((await other.fetch('/')).json()).toMatchObject({ statusCode: 403, code: 'CSN_CERT_UNVERIFIED' })
    expect((await other.fetch('/', { client: other.clients.alice })).status).toBe(200)
  })
})
