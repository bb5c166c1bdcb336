import { createServer, type Server } from 'node:net'
import { startServer } from '@countersign/test-support/local-server'
import { startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectHttp2, request } from '../../test/support/http2-client.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdge } from '../dev-edge.ts'
import { listen } from '../net/listen.ts'

vi.setConfig({ testTimeout: 20_000 })

describe('an origin that is away', () => {
  let edge: DevEdge
  let address: string

  beforeAll(async () => {
    const shut = await startRecordingOrigin()
    address = new URL(shut.url).host
    await shut.close()
    edge = await createDevEdge({ origin: shut.url, log: () => {} })
    return () => edge.close()
  })

  it('is reported in plain text, with the failed connection and the remedy', async () => {
    const { status, headers, body } = await edge.fetch('/me?token=secret')
    expect(status).toBe(502)
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'retry-after': '1',
      server: 'cloudflare',
    })
    expect(body).toContain('502: your origin did not answer')
    expect(body).toContain(`Origin   http://${address}`)
    expect(body).toContain('Request  GET /me\n')
    expect(body).toContain(`connect ECONNREFUSED ${address}`)
    expect(body).toContain('CSN_DEV_ORIGIN_UNREACHABLE')
    expect(body).toContain(`CF-Ray   ${headers['cf-ray']}`)
    expect(body).toContain(`Start your server at exactly this address and port: http://${address}`)
    expect(body).not.toMatch(/secret|\n +at /)
  })

  it('is reported as a page to a browser, which executes nothing in the path', async () => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const { status, headers, body } = await edge.fetch('/<script>&"', { headers: { accept } })
    expect([status, headers['content-type'], headers['retry-after']]).toEqual([502, 'text/html; charset=utf-8', '1'])
    expect(body).toMatch(/^<!doctype html>/)
    expect(body).toContain(`connect ECONNREFUSED ${address}`)
    expect(body).not.toContain('<script>')
  })

  it('is reported as JSON to a client that accepts it, over HTTP/2 as well', async () => {
    await using session = await connectHttp2(edge.tlsOptions(edge.clients.alice))
    const answer = await request(session, { accept: 'application/json', ':method': 'POST' }, 'x'.repeat(200_000))
    expect(answer.headers).toMatchObject({ ':status': 502, 'retry-after': '1' })
    expect(answer.json()).toEqual({
      statusCode: 502,
      code: 'CSN_DEV_ORIGIN_UNREACHABLE',
      error: 'Bad Gateway',
      message: `The Worker got no answer from http://${address}: connect ECONNREFUSED ${address}`,
    })
  })

  it('answers again as soon as it listens', async () => {
    expect((await edge.fetch('/', { method: 'POST', body: 'x'.repeat(1_000_000) })).status).toBe(502)
    const back = await startServer((_, response) => response.end('back'), { port: Number(address.split(':')[1]) })
    expect((await edge.fetch('/')).body).toBe('back')
    await back.close()
    expect((await edge.fetch('/')).status).toBe(502)
  })
})

it('an answer of 502 by the origin itself reaches the client unchanged', async () => {
  const origin = await startServer(({ url }, response) => {
    response.writeHead(502, { 'content-type': 'application/json', ...(url === '/short' && { 'content-length': '15' }) })
    response.end('{"code":"OWN"}\n')
  })
  onTestFinished(() => origin.close())
  await using edge = await createDevEdge({ origin: origin.url, log: () => {} })
  for (const path of ['/short', '/chunked']) {
    const { status, body } = await edge.fetch(path)
    expect([status, body]).toEqual([502, '{"code":"OWN"}\n'])
  }
  expect((await edge.fetch('/short', { method: 'HEAD' })).status).toBe(502)
})

it('an origin that closes the connection is distinguished from an absent one', async () => {
  const rude: Server = createServer((socket) => socket.once('data', () => socket.destroy()))
  const port = await listen(rude, 0)
  onTestFinished(() => void rude.close())
  await using edge = await createDevEdge({ origin: `http://127.0.0.1:${port}`, log: () => {} })
  const { status, body } = await edge.fetch('/')
  expect(status).toBe(502)
  expect(body).toContain('accepts connections, but closed this one')
  expect(body).toContain('Read the log of your server')
})
