import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { useEdge } from '../../test/support/use-edge.ts'
import { createDevEdge } from '../create-dev-edge.ts'

// Many of these tests start an edge of their own, on machines under load.
vi.setConfig({ testTimeout: 20_000 })

const test = useEdge()

describe('a WebSocket', () => {
  it('passes, certificate and all', async () => {
    const server = new WebSocketServer({ server: test.origin.server })
    server.on('connection', (socket, request) => {
      socket.send(String(request.headers['x-cert-subject-dn']))
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const socket = new WebSocket(
      `wss://localhost:${new URL(test.edge.url).port}/chat`,
      test.edge.tlsOptions(test.edge.clients.alice),
    )
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

  it('that the client drops is dropped at the origin, and vice versa', async () => {
    const sockets = await startRecordingOrigin()
    const server = new WebSocketServer({ server: sockets.server })
    await using other = await createDevEdge({ origin: sockets.url, log: () => {} })
    const open = async () => {
      const { host, port, ...tls } = other.tlsOptions()
      const tcp = connect(port, host)
      const client = new WebSocket(other.url.replace('https', 'wss'), {
        createConnection: () => tlsConnect({ ...tls, socket: tcp }),
      })
      client.on('error', () => {})
      const [[atOrigin]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
      return { tcp, client, atOrigin }
    }
    const one = await open()
    one.client.terminate()
    await once(one.atOrigin, 'close')
    const reset = await open()
    reset.tcp.resetAndDestroy()
    await once(reset.atOrigin, 'close')
    const two = await open()
    two.atOrigin.terminate()
    await once(two.client, 'close')
    await sockets.close()
  })

  it('that the origin refuses gets its answer', async () => {
    const refusing = await startRecordingOrigin()
    refusing.server.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: no\r\n\r\nno')
    })
    await using other = await createDevEdge({ origin: refusing.url, log: () => {} })
    const socket = new WebSocket(other.url.replace('https', 'wss'), other.tlsOptions())
    const [, response] = await once(socket, 'unexpected-response')
    expect([response.statusCode, response.headers['x-why']]).toEqual([403, 'no'])
    await refusing.close()
  })

  it('gets 502 without a listening origin, and 400 for a wrong developer header', async () => {
    const shut = await startRecordingOrigin()
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
