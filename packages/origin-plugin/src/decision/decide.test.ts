import { once } from 'node:events'
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import { countersign } from '../plugin.ts'
import { reportRefusal } from './decide.ts'

async function start(mode: 'enforce' | 'report', server: FastifyServerOptions = {}) {
  const lines: Record<string, unknown>[] = []
  const stream = lineStream((line) => lines.push(JSON.parse(line)))
  const app = Fastify({ logger: { level: 'warn', stream }, ...server }) as never as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, { ...SIGNED_ONLY, mode })
  app.get('/me', ({ clientCert, access, clientUser }) => ({ clientCert, access, clientUser }))
  return { app, lines }
}

describe('a decision that fails, because a wrapper of the server took the header lines', () => {
  const message =
    "request.raw.rawHeaders is missing; pass Node's own request to Fastify, which has the header lines as the client sent them"

  async function answerIn(mode: 'enforce' | 'report') {
    const { app, lines } = await start(mode, {
      serverFactory: (handler) =>
        createServer((request, response) => {
          Object.assign(request, { rawHeaders: undefined })
          handler(request, response)
        }),
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    lines.splice(0)
    const { port } = app.server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/me`, { headers: { 'x-cert-presented': '1' } })
    const { status, headers } = answer
    return { status, notEnforced: headers.get('countersign-not-enforced'), body: await answer.json(), lines }
  }

  it('reaches the handler without an identity in report mode, and is logged as an error', async () => {
    expect(await answerIn('report')).toEqual({
      status: 200,
      notEnforced: null,
      body: { clientCert: null, access: null, clientUser: null },
      lines: [
        expect.objectContaining({
          level: 50,
          err: expect.objectContaining({ type: 'TypeError', message }),
          enforced: false,
          msg: 'countersign: the decision failed, and the request passes in report mode',
        }),
      ],
    })
  })

  it('is an error of the server otherwise', async () => {
    expect(await answerIn('enforce')).toEqual({
      status: 500,
      notEnforced: null,
      body: { statusCode: 500, error: 'Internal Server Error', message },
      lines: [expect.objectContaining({ level: 50, msg: message })],
    })
  })
})

describe('reportRefusal', () => {
  it('adds no challenge of ours to an error of another plugin', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    app.get('/', (request, reply) => {
      const error = Object.assign(new Error('no password'), { statusCode: 401 })
      reportRefusal({ request, reply, error, proven: { clientCert: null, access: null }, enforced: true })
      throw error
    })
    const { statusCode, headers } = await app.inject('/')
    expect([statusCode, headers['www-authenticate'], headers['cache-control']]).toEqual([
      401,
      undefined,
      'private, no-store',
    ])
  })
})

describe('a refused handshake', () => {
  it('ends the socket of its answer, if the request has none', async () => {
    const { app } = await start('enforce')
    await app.ready()
    // As `injectWS()` of `@fastify/websocket` makes them.
    const headers = { host: 'app.example.com', connection: 'upgrade', upgrade: 'websocket' }
    const request = { method: 'GET', url: '/me', headers, httpVersion: '1.1' } as IncomingMessage
    const chunks: unknown[] = []
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        chunks.push(chunk)
        done()
      },
    })
    const response = new ServerResponse(request)
    response.assignSocket(socket as never)
    const finished = once(response, 'finish')
    app.routing(request, response)
    await finished
    expect(Buffer.concat(chunks as Buffer[]).toString()).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(socket.writableEnded).toBe(true)
  })
})
