import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { useChain } from '../support/use-chain.ts'

describe('traffic through the chain', () => {
  const chain = useChain({
    routes(app) {
      app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
      app.post('/echo', (request, reply) => reply.send(request.body as Readable))
      app.get('/redirect', (_request, reply) => reply.redirect('/elsewhere', 302))
      app.get('/host', (request) => ({ host: request.headers.host, url: request.url }))
      app.register(websocket).after(() => {
        app.get('/socket', { websocket: true, config: { clientCert: { subject: { CN: 'alice' } } } }, (socket) => {
          socket.on('message', (message) => socket.send(`heard ${message}`))
        })
      })
    },
  })

  it('streams a large body there and back', async () => {
    const { alice } = chain.edge.clients
    const chunk = 'x'.repeat(64 * 1024)
    const body = Readable.from(Array.from({ length: 64 }, () => chunk))
    const headers = { 'Content-Type': 'application/octet-stream' }
    const answer = await chain.edge.fetch('/echo', { client: alice, method: 'POST', headers, body })
    expect(answer.status).toBe(200)
    expect(answer.body.length).toBe(64 * chunk.length)
  })

  it('refuses before the body has arrived', async () => {
    const endless = new PassThrough()
    endless.write('first')
    const answer = await chain.edge.fetch('/echo', { method: 'POST', body: endless })
    endless.destroy()
    expect(answer.status).toBe(401)
    expect(answer.json().code).toBe('CSN_CERT_MISSING')
  })

  it('leaves redirects to the client', async () => {
    const answer = await chain.edge.fetch('/redirect', { client: chain.edge.clients.alice })
    expect(answer).toMatchObject({ status: 302, headers: { location: '/elsewhere' } })
  })

  it('keeps Host, path and query', async () => {
    const { body } = await chain.through('/host?a=%20b&c', { client: chain.edge.clients.alice })
    expect(JSON.parse(body)).toEqual({ host: new URL(chain.edge.url).host, url: '/host?a=%20b&c' })
  })

  it('carries the WebSocket of a permitted client', async () => {
    const socket = new WebSocket(
      `${chain.edge.url.replace('https', 'wss')}/socket`,
      chain.edge.tlsOptions(chain.edge.clients.alice),
    )
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    expect(String(message)).toBe('heard hello')
    socket.close()
    await once(socket, 'close')
  })

  it('refuses the WebSocket of a client without permission', async () => {
    const url = `${chain.edge.url.replace('https', 'wss')}/socket`
    for (const [client, status] of [
      [chain.edge.clients.bob, 403],
      [undefined, 401],
    ] as const) {
      const socket = new WebSocket(url, chain.edge.tlsOptions(client))
      const [, response] = await once(socket, 'unexpected-response')
      expect(response.statusCode).toBe(status)
      socket.on('error', () => {})
      socket.terminate()
    }
  })

  it('serves many clients at once', async () => {
    const { alice, bob, rsa } = chain.edge.clients
    const clients = [alice, bob, rsa]
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => chain.edge.fetch('/host', { client: clients[at % 3] })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  })
})
