import { once } from 'node:events'
import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { OPS, SALES, startSetup } from '../support/setup.ts'

/** The order of its README, after countersign: the plugin, then the routes in a scope of their own. */
async function build(options: CountersignPluginOptions) {
  const app = Fastify()
  await app.register(countersign, options)
  await app.register(websocket)
  await app.register(async (scope) => {
    scope.get('/socket', { websocket: true, config: { clientCert: 'ops' } }, (socket, request) => {
      const { CN } = clientCertOf(request).subject
      socket.on('message', (message) => socket.send(`${CN}: ${message}`))
    })
    scope.get('/public', { websocket: true, config: { clientCert: false } }, (socket) => {
      socket.on('message', () => socket.send('public'))
    })
  })
  return app
}

/** Sends one message, and returns the answer. */
async function ask(socket: WebSocket): Promise<string> {
  const answer = once(socket, 'message')
  socket.send('hello')
  const [message] = await answer
  socket.terminate()
  return String(message)
}

describe('@fastify/websocket', () => {
  it('answers a client with a certificate, and refuses the handshake of others', async () => {
    const setup = await startSetup(build)
    const open = async (url: string, cert: typeof OPS | null) => {
      const headers = await setup.edge.headers({ url, cert })
      const socket = new WebSocket(`ws://127.0.0.1:${setup.port}${url}`, { headers })
      await once(socket, 'open')
      return await ask(socket)
    }
    expect(await open('/socket', OPS)).toBe('pay-1: hello')
    expect(await open('/public', null)).toBe('public')
    await expect(open('/socket', SALES)).rejects.toThrow('Unexpected server response: 403')
    await expect(open('/socket', null)).rejects.toThrow('Unexpected server response: 401')
  })

  it('works with injectWS(), whose request has no raw header lines', async () => {
    const { edge, app } = await startSetup(build)
    const open = async (url: string, cert: typeof OPS | null) =>
      await ask(await app.injectWS(url, { headers: await edge.headers({ url, cert }) }))
    expect(await open('/socket', OPS)).toBe('pay-1: hello')
    expect(await open('/public', null)).toBe('public')
    await expect(open('/socket', SALES)).rejects.toThrow('Unexpected server response: 403')
    await expect(open('/socket', null)).rejects.toThrow('Unexpected server response: 401')
    await expect(app.injectWS('/socket')).rejects.toThrow('Unexpected server response: 401')
  })

  it('refuses repeated headers in injectWS(), in any case of their name and in a list', async () => {
    const { edge, app } = await startSetup(build)
    const headers = await edge.headers({ url: '/socket', cert: OPS })
    const name = 'x-cert-subject-dn'
    for (const repeated of [{ 'X-Cert-Subject-Dn': headers[name] }, { [name]: [headers[name], headers[name]] }]) {
      const opened = app.injectWS('/socket', { headers: { ...headers, ...repeated } as never })
      await expect(opened).rejects.toThrow('Unexpected server response: 400')
    }
  })

  it('does not start with the plugin first, and says what to write', async () => {
    const start = (changes: Partial<CountersignPluginOptions>) =>
      startSetup(async (options) => {
        const app = Fastify()
        await app.register(websocket)
        await app.register(countersign, { ...options, ...changes })
        app.get('/socket', { websocket: true, config: { clientCert: 'ops' } }, (socket) => socket.terminate())
        return app
      })
    await expect(start({})).rejects.toThrow('write hooksInFront: ["anonymous"]')
    const { statuses } = await start({ hooksInFront: ['anonymous'] })
    // A GET without an upgrade has no handler. Only a client of Ops learns it.
    expect(await statuses('/socket')).toEqual([401, 403, 404])
  })
})
