import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { constants } from 'node:http2'
import { startServer } from '@countersign/test-support/local-server'
import { startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { connectHttp2, request } from '../../test/support/http2-client.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import type { EdgeRequestEvent } from './request-event.ts'

vi.setConfig({ testTimeout: 20_000 })

async function startWatched(handler?: RequestListener) {
  const origin = await (handler ? startServer(handler) : startRecordingOrigin())
  const events: EdgeRequestEvent[] = []
  const lines: string[] = []
  const edge = await createDevEdge({
    origin: origin.url,
    onRequest: (event) => void events.push(event),
    log: (line) => void lines.push(line),
  })
  const next = async () => {
    await expect.poll(() => events.length).toBe(1)
    return events.shift()
  }
  const stop = async () => {
    await edge.close()
    await origin.close()
  }
  return { edge, origin, next, lines, [Symbol.asyncDispose]: stop }
}

describe('onRequest', () => {
  it('receives every request, without its query', async () => {
    await using watched = await startWatched()
    const { headers } = await watched.edge.fetch('/me?token=secret', { client: watched.edge.clients.alice })
    expect(await watched.next()).toEqual({
      method: 'GET',
      path: '/me',
      protocol: 'HTTP/1.1',
      client: 'alice',
      verdict: 'SUCCESS',
      revoked: false,
      status: 200,
      code: undefined,
      fromCache: false,
      aborted: false,
      durationMs: expect.any(Number),
      ray: headers['cf-ray'],
    })
    await watched.edge.fetch('/', {
      method: 'POST',
      client: await watched.edge.issueClient({ subject: 'OU=Robots,O=Acme' }),
    })
    expect(await watched.next()).toMatchObject({ method: 'POST', client: 'OU=Robots,O=Acme' })
    await using session = await connectHttp2(watched.edge.tlsOptions(watched.edge.clients.revoked))
    await request(session, { ':path': '/two' })
    expect(await watched.next()).toMatchObject({ path: '/two', protocol: 'HTTP/2', verdict: 'SUCCESS', revoked: true })
  })

  it('receives the code of a refusal by the origin, the Worker or the edge', async () => {
    await using watched = await startWatched((incoming, response) => {
      const body = {
        statusCode: 403,
        code: 'CSN_CERT_FORBIDDEN',
        padding: 'x'.repeat(incoming.url === '/long' ? 9000 : 0),
      }
      response.writeHead(incoming.url === '/fine' ? 200 : 403, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify(body))
    })
    await watched.edge.fetch('/no', { client: watched.edge.clients.expired })
    expect(await watched.next()).toMatchObject({
      status: 403,
      code: 'CSN_CERT_FORBIDDEN',
      verdict: 'FAILED:certificate has expired',
    })
    await watched.edge.fetch('/', { headers: { 'countersign-dev-access': 'nobody' } })
    expect(await watched.next()).toMatchObject({
      ...{ client: undefined, verdict: 'NONE', revoked: false },
      ...{ status: 400, code: 'CSN_DEV_ACCESS_UNKNOWN' },
    })
    for (const path of ['/fine', '/long']) {
      expect(JSON.parse((await watched.edge.fetch(path)).body).code).toBe('CSN_CERT_FORBIDDEN')
      expect(await watched.next()).toMatchObject({ path, code: undefined })
    }
    await watched.origin.close()
    await watched.edge.fetch('/')
    expect(await watched.next()).toMatchObject({ status: 502, code: 'CSN_DEV_ORIGIN_UNREACHABLE' })
  })

  it('receives a request whose client leaves before the end', async () => {
    const begun = Promise.withResolvers<void>()
    await using watched = await startWatched((incoming, response) => {
      if (incoming.url === '/half') response.write('half')
      begun.resolve()
    })
    const abort = new AbortController()
    const left = watched.edge.fetch('/none', { signal: abort.signal })
    await begun.promise
    abort.abort()
    await expect(left).rejects.toThrow()
    expect(await watched.next()).toMatchObject({ path: '/none', status: undefined, aborted: true })
    await using session = await connectHttp2(watched.edge.tlsOptions())
    const stream = session.request({ ':path': '/half' })
    stream.on('error', () => {})
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)
    expect(await watched.next()).toMatchObject({ path: '/half', status: 200, aborted: true })
  })

  it('receives a WebSocket when it begins', async () => {
    await using watched = await startWatched()
    const server = new WebSocketServer({ server: watched.origin.server })
    const socket = new WebSocket(
      `${watched.edge.url.replace('https', 'wss')}/chat`,
      watched.edge.tlsOptions(watched.edge.clients.bob),
    )
    await once(socket, 'open')
    expect(await watched.next()).toMatchObject({
      method: 'GET',
      path: '/chat',
      client: 'bob',
      status: 101,
      aborted: false,
    })
    socket.terminate()
    server.close()
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken log')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken log'))],
  ])('that %s changes nothing, and is logged', async (_, onRequest) => {
    const origin = await startRecordingOrigin()
    const lines: string[] = []
    await using edge = await createDevEdge({ origin: origin.url, onRequest, log: (line) => lines.push(line) })
    expect((await edge.fetch('/')).status).toBe(200)
    await expect.poll(() => lines).toEqual(['onRequest failed: Error: broken log'])
    expect((await edge.fetch('/')).status).toBe(200)
    await origin.close()
  })
})
