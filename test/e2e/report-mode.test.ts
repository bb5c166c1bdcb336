import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import countersign, { type CountersignPluginOptions, optional } from '@countersign/origin-plugin'
import cors from '@fastify/cors'
import fastifyStatic from '@fastify/static'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyRequest } from 'fastify'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { OPS, SALES, startSetup } from '../support/setup.ts'

const root = mkdtempSync(join(tmpdir(), 'countersign-'))
writeFileSync(join(root, 'page.html'), '<p>page</p>')
afterAll(() => rmSync(root, { recursive: true }))

const nameIn = ({ clientCert }: FastifyRequest) => clientCert?.subject.CN ?? 'nobody'

/** An application with other plugins, of which one part enforces. */
async function build(options: CountersignPluginOptions) {
  const app = Fastify()
  await app.register(countersign, {
    ...options,
    mode: 'report',
    routes: [
      { url: '/closed/*', mode: 'enforce' },
      { method: 'OPTIONS', url: '*', clientCert: false },
    ],
  })
  await app.register(cors)
  await app.register(fastifyStatic, { root, prefix: '/files/' })
  await app.register(websocket)
  app.get('/stream', (_, reply) => reply.send(Readable.from(['a', 'b'])))
  app.get('/raw', (_, reply) => {
    reply.hijack()
    reply.raw.end('raw')
  })
  app.post('/body', ({ body }) => body)
  app.get('/optional', { config: { clientCert: optional('ops') } }, nameIn)
  app.get('/fails', () => {
    throw Object.assign(new Error('own'), { statusCode: 418 })
  })
  app.register(async (scope) => {
    for (const prefix of ['', '/closed']) {
      scope.get(`${prefix}/socket`, { websocket: true, config: { clientCert: 'ops' } }, (socket, request) => {
        socket.on('message', () => socket.send(nameIn(request)))
      })
    }
  })
  return app
}

describe('report mode', () => {
  it.each([
    ['/files/page.html', {}, 200, '<p>page</p>'],
    ['/files/none.html', {}, 404, undefined],
    ['/stream', {}, 200, 'ab'],
    ['/raw', {}, 200, 'raw'],
    ['/body', { method: 'POST', payload: '{"a":1}', headers: { 'content-type': 'application/json' } }, 200, '{"a":1}'],
    ['/body', { method: 'POST', payload: '{', headers: { 'content-type': 'application/json' } }, 400, undefined],
    ['/optional', { method: 'HEAD' }, 200, ''],
    ['/optional', {}, 200, 'nobody'],
    ['/fails', {}, 418, undefined],
    [
      '/stream',
      { method: 'OPTIONS', headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' } },
      204,
      '',
    ],
    ['/nowhere', {}, 404, undefined],
  ] as const)('answers %s %j without a certificate, signed or not', async (url, request, status, body) => {
    const setup = await startSetup(build)
    for (const signed of [true, false]) {
      const answer = await setup.send(url, { ...request, cert: null, signed })
      expect(answer.status).toBe(status)
      if (body !== undefined) expect(answer.body).toBe(body)
    }
  })

  it('opens a WebSocket, but not one that a rule enforces', async () => {
    const { port, edge } = await startSetup(build)
    async function ask(url: string, headers: object): Promise<string> {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${url}`, { headers: headers as Record<string, string> })
      onTestFinished(() => socket.terminate())
      await once(socket, 'open')
      socket.send('who')
      return String((await once(socket, 'message'))[0])
    }
    const signed = (url: string, cert: typeof OPS | null) => edge.headers({ url, cert })
    expect(await ask('/socket', await signed('/socket', OPS))).toBe('pay-1')
    expect(await ask('/socket', await signed('/socket', SALES))).toBe('pay-2')
    expect(await ask('/socket', await signed('/socket', null))).toBe('nobody')
    expect(await ask('/socket', {})).toBe('nobody')
    expect(await ask('/closed/socket', await signed('/closed/socket', OPS))).toBe('pay-1')
    await expect(ask('/closed/socket', await signed('/closed/socket', SALES))).rejects.toThrow('response: 403')
    await expect(ask('/closed/socket', {})).rejects.toThrow('response: 401')
  })

  it('answers over HTTP/2', async () => {
    const { edge } = await startSetup(build)
    const app = Fastify({ http2: true })
    await app.register(countersign, { ...edge.options, mode: 'report', routes: [{ url: '/closed', mode: 'enforce' }] })
    for (const url of ['/open', '/closed']) app.get(url, nameIn as never)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
    onTestFinished(async () => {
      session.destroy()
      await app.close()
    })
    const answers: string[] = []
    for (const path of ['/open', '/closed']) {
      const stream = session.request({ ':path': path })
      const [head] = await once(stream, 'response')
      answers.push(`${head[':status']} ${head['countersign-not-enforced'] ?? ''} ${(await text(stream)).slice(0, 6)}`)
    }
    expect(answers).toEqual(['200 CSN_SIGNATURE_MISSING nobody', '401  {"stat'])
  })
})
