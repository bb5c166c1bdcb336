import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { recordRequest } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { VERIFIED } from '../test/support/cloudflare-values.ts'
import { type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
const CHUNKED = [['Transfer-Encoding', 'chunked']] as const
const cf = { tlsClientAuth: VERIFIED }

describe('a forwarded request', () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({ worker: { bindings: { COUNTERSIGN_KEY: JSON.stringify(hmacJwk) } } })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'keeps its method and body: %s',
    async (method) => {
      const bare = await edge.forward({ method })
      expect(bare).toMatchObject({ method, body: Buffer.alloc(0) })
      const withBody = await edge.forward({ method, body: Buffer.from('hello') })
      expect(withBody).toMatchObject({ method, body: Buffer.from('hello') })
      expect(verifyByHand(withBody, hmacJwk).valid).toBe(true)
    },
  )

  it('keeps the headers that are not ours to touch', async () => {
    const headers = [
      ['Authorization', 'Bearer x'],
      ['Cookie', 'a=b; c=d'],
      ['Accept-Encoding', 'br'],
      ['X-Forwarded-For', '203.0.113.7'],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ] as const
    const request = await edge.forward({ method: 'POST', headers, body: Buffer.from('x') })
    for (const [name, value] of headers) expect(request.header(name.toLowerCase())).toBe(value)
  })

  it('carries 5 MB there and back intact', async () => {
    const body = randomBytes(5 * 1024 * 1024)
    edge.origin.route('/echo', (request, response) => void request.pipe(response))
    const { response } = await edge.send({ method: 'POST', target: '/echo', body })
    expect(response.status).toBe(200)
    expect(Buffer.from(response.body, 'latin1').equals(body)).toBe(true)
  }, 20_000)

  it('streams its body: the origin reads the first chunk before the client has sent the last', async () => {
    const arrival = nextRequest(edge, '/upload')
    const client = await edge.open({ method: 'POST', target: '/upload', headers: CHUNKED })
    client.write(chunk('first'))
    const [request, response] = await arrival
    request.setEncoding('utf8')
    expect(await nextText(request)).toBe('first')
    client.write(chunk('last'))
    expect(await nextText(request)).toBe('last')
    client.write(chunk(''))
    await once(request, 'end')
    response.end('done')
    await until(client, 'done')
    client.destroy()
  })

  it('streams the response: the client reads the first chunk before the origin has sent the last', async () => {
    const arrival = nextRequest(edge, '/download')
    const client = await edge.open({ target: '/download' })
    const [, response] = await arrival
    response.write('first')
    await until(client, 'first')
    response.end('last')
    await until(client, 'last')
    client.destroy()
  })

  it('upgrades to a WebSocket that carries messages both ways', async () => {
    const server = new WebSocketServer({ noServer: true })
    let upgrade: IncomingMessage | undefined
    edge.origin.server.once('upgrade', (request, socket, head) => {
      upgrade = request
      server.handleUpgrade(request, socket, head, (peer) => {
        peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }))
      })
    })
    const client = new WebSocket(`ws://127.0.0.1:${edge.port()}`, {
      headers: { Host: 'app.example.com', 'MF-CF-Blob': JSON.stringify(cf), 'X-CERT-SUBJECT-DN': 'CN=evil' },
      finishRequest: (request) => {
        request.path = 'https://app.example.com/chat?room=1'
        request.end()
      },
    })
    await once(client, 'open')
    for (const message of [Buffer.from('hello'), randomBytes(100_000)]) {
      client.send(message)
      const [echo] = await once(client, 'message')
      expect(message.equals(echo)).toBe(true)
    }
    client.close(4001, 'bye')
    await once(client, 'close')

    const received = recordRequest(upgrade as IncomingMessage, Buffer.alloc(0))
    expect(received.url).toBe('/chat?room=1')
    expect(received.header('x-cert-subject-dn')).toBe(VERIFIED.certSubjectDN)
    expect(verifyByHand(received, hmacJwk).valid).toBe(true)
  })

  it('leaves a redirect to the client', async () => {
    edge.origin.route('/old', (_, response) => void response.writeHead(302, { Location: '/new' }).end())
    const { response } = await edge.send({ target: '/old' })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('/new')
    expect(edge.origin.received.map(({ url }) => url)).not.toContain('/new')
  })

  it.each([204, 304, 401, 404, 500, 503])("passes the origin's status on: %i", async (status) => {
    edge.origin.route(`/${status}`, (_, response) => void response.writeHead(status, { 'X-Origin': 'yes' }).end())
    const { response } = await edge.send({ target: `/${status}` })
    expect(response.status).toBe(status)
    expect(response.headers.get('x-origin')).toBe('yes')
  })
})

function nextRequest(edge: Edge, path: string): Promise<[IncomingMessage, ServerResponse]> {
  return new Promise((resolve) => edge.origin.route(path, (...pair) => resolve(pair)))
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

async function nextText(request: IncomingMessage): Promise<string> {
  const [text] = await once(request, 'data')
  return text
}

/** Waits for a text, and drops everything received with it. */
async function until(socket: Socket, text: string): Promise<void> {
  let seen = ''
  while (!seen.includes(text)) {
    const [data] = await once(socket, 'data')
    seen += data
  }
}
