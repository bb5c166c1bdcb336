import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { startServer } from '@countersign/test-support/local-server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectHttp2 } from '../../test/support/http2-client.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdge } from '../dev-edge.ts'

vi.setConfig({ testTimeout: 30_000 })

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'countersign')
/**
 * In mebibytes. Half of it does not fit the buffers of the kernel, which can grow to 32 MiB on each of three connections.
 */
const LARGE = 256

/** Starts a request over one version of HTTP. */
async function send(
  edge: DevEdge,
  protocol: string,
  method: string,
): Promise<{ body: Writable; answer: Promise<Readable> }> {
  if (protocol === 'HTTP/2') {
    const session = await connectHttp2(edge.tlsOptions())
    onTestFinished(() => session[Symbol.asyncDispose]())
    const stream = session.request({ ':method': method }, { endStream: false })
    return { body: stream, answer: once(stream, 'response').then(() => stream) }
  }
  const request = httpsRequest({ ...edge.tlsOptions(), agent: false, method, path: '/' })
  return { body: request, answer: once(request, 'response').then(([response]) => response) }
}

describe.each(['HTTP/1.1', 'HTTP/2'])('over %s', (protocol) => {
  it('streams a slow upload to the origin, and events to the client', async () => {
    const origin = await startServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      request.on('data', (chunk) => response.write(`data: ${chunk}\n\n`)).on('end', () => response.end())
    })
    await using edge = await createDevEdge({ origin: origin.url })
    const { body, answer } = await send(edge, protocol, 'POST')
    body.write('one')
    const events = await answer
    expect(String((await once(events, 'data'))[0])).toBe('data: one\n\n')
    body.write('two')
    expect(String((await once(events, 'data'))[0])).toBe('data: two\n\n')
    body.end()
    expect(await text(events)).toBe('')
    await origin.close()
  })

  it(`${LARGE} MiB are uploaded no faster than the origin reads, and arrive whole`, async () => {
    const reading = Promise.withResolvers<void>()
    const origin = await startServer(async (request, response) => {
      await reading.promise
      const hash = createHash('sha256')
      for await (const chunk of request) hash.update(chunk)
      response.end(hash.digest('hex'))
    })
    await using edge = await createDevEdge({ origin: origin.url })
    const { body, answer } = await send(edge, protocol, 'PUT')
    let sent = 0
    const all = createHash('sha256')
    const upload = (async () => {
      for (; sent < LARGE; sent++) {
        all.update(MEBIBYTE)
        if (!body.write(MEBIBYTE)) await once(body, 'drain')
      }
      body.end()
    })()
    expect(await standstill(() => sent)).toBeLessThan(LARGE / 2)
    reading.resolve()
    await upload
    expect(await text(await answer)).toBe(all.digest('hex'))
    await origin.close()
  })

  it(`${LARGE} MiB are downloaded no faster than the client reads, and arrive whole`, async () => {
    let sent = 0
    const origin = await startServer(async (_, response) => {
      for (; sent < LARGE; sent++) if (!response.write(MEBIBYTE)) await once(response, 'drain')
      response.end()
    })
    await using edge = await createDevEdge({ origin: origin.url })
    const { body, answer } = await send(edge, protocol, 'GET')
    body.end()
    const download = await answer
    expect(await standstill(() => sent)).toBeLessThan(LARGE / 2)
    let received = 0
    for await (const chunk of download) received += chunk.length
    expect(received).toBe(LARGE * MEBIBYTE.length)
    await origin.close()
  })
})

/** Waits until a count stops growing. Returns the count. */
async function standstill(count: () => number): Promise<number> {
  let seen: number[] = []
  await vi.waitUntil(
    () => {
      const now = count()
      seen = seen[0] === now ? [...seen, now] : [now]
      return now > 0 && seen.length >= 5
    },
    { interval: 100, timeout: 20_000 },
  )
  return count()
}
