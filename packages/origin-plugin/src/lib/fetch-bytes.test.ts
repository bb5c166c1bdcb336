import type { RequestListener } from 'node:http'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FetchBounds, fetchBytes, fetchJson } from './fetch-bytes.ts'

/** One server, whose answer each test sets. */
let server: LocalServer
let answer: RequestListener
let url: URL

beforeAll(async () => {
  server = await startServer((request, response) => answer(request, response))
})
afterAll(() => server.close())
beforeEach(() => {
  url = new URL('/keys', server.url)
})

const bounds = (changes: Partial<FetchBounds> = {}): FetchBounds => ({
  timeout: 10_000,
  maxBytes: 1_000,
  signal: new AbortController().signal,
  ...changes,
})
const send =
  (status: number, body?: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body)
const failure = (reason: string) => expect.objectContaining({ name: 'Error', message: reason })

describe('fetchBytes', () => {
  it('returns the bytes of the answer', async () => {
    const bytes = Buffer.from([0, 255, 10, 128])
    answer = (_request, response) => response.end(bytes)
    expect(await fetchBytes(url, bounds())).toEqual(bytes)
  })

  it('reads into the given memory, if that is large enough', async () => {
    const memory = Buffer.alloc(64, 1)
    answer = send(200, 'keys')
    const bytes = await fetchBytes(url, bounds(), memory)
    expect(bytes.toString()).toBe('keys')
    expect(bytes.buffer).toBe(memory.buffer)
    answer = send(200, 'k'.repeat(65))
    const longer = await fetchBytes(url, bounds(), memory)
    expect(longer.toString()).toBe('k'.repeat(65))
    expect(longer.buffer).not.toBe(memory.buffer)
    await expect(fetchBytes(url, bounds({ maxBytes: 32 }), memory)).rejects.toEqual(
      failure('the answer is longer than 32 bytes'),
    )
  })

  it('returns no bytes for an empty answer', async () => {
    answer = send(200)
    expect(await fetchBytes(url, bounds())).toEqual(Buffer.alloc(0))
  })

  it.each([
    [500, 'broken'],
    [404, undefined],
    [201, 'created'],
    [204, undefined],
  ])('refuses the status %i with the body %j', async (status, body) => {
    answer = send(status, body)
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure(`the server answered ${status}`))
  })

  it('ends the connection of another status, whose body it does not read', async () => {
    const closed = new Promise((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve)
        response.writeHead(500).write('a part')
      }
    })
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure('the server answered 500'))
    await closed
  })

  it('follows no redirect, and names its target without a query', async () => {
    const before = server.requests()
    for (const [location, target] of [
      ['/elsewhere?token=secret', `${server.url}/elsewhere?…`],
      ['https://user:secret@keys.example/a b', 'https://keys.example/a%20b'],
      [`/${'x'.repeat(300)}`, `${server.url}/${'x'.repeat(199 - server.url.length)}`],
    ]) {
      answer = (_request, response) => response.writeHead(302, { location }).end('moved')
      await expect(fetchBytes(url, bounds())).rejects.toEqual(
        failure(`the server answered 302, a redirect to ${target}; write the URL that answers itself`),
      )
    }
    expect(server.requests()).toBe(before + 3)
  })

  it.each([
    [299, 'https://keys.example/', ''],
    [300, 'https://keys.example/', ', a redirect to https://keys.example/; write the URL that answers itself'],
    [399, 'https://keys.example/', ', a redirect to https://keys.example/; write the URL that answers itself'],
    [400, 'https://keys.example/', ''],
    [302, 'https://', ''],
  ])('describes the status %i with the target %s as "%s"', async (status, location, described) => {
    answer = (_request, response) => response.writeHead(status, { location }).end()
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure(`the server answered ${status}${described}`))
  })

  it('reads an answer of many small chunks, also beyond its first buffer', async () => {
    const text = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251))
    answer = async (_request, response) => {
      for (let at = 0; at < text.length; at += 7_919) response.write(text.subarray(at, at + 7_919))
      response.end()
    }
    expect(Buffer.compare(await fetchBytes(url, bounds({ maxBytes: 200_000 })), text)).toBe(0)
    await expect(fetchBytes(url, bounds({ maxBytes: 199_999 }))).rejects.toEqual(
      failure('the answer is longer than 199999 bytes'),
    )
  })

  it('reads the largest number of bytes, and refuses one more', async () => {
    answer = send(200, 'x'.repeat(1_000))
    expect(await fetchBytes(url, bounds())).toHaveLength(1_000)
    answer = send(200, 'x'.repeat(1_001))
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure('the answer is longer than 1000 bytes'))
  })

  it('ends the connection of an answer that is too long in all its parts', async () => {
    const closed = new Promise((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve)
        // Each part is within the bounds, and the server never ends the answer.
        const sendPart = () =>
          void (response.destroyed || response.write('x'.repeat(400), () => setImmediate(sendPart)))
        sendPart()
      }
    })
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure('the answer is longer than 1000 bytes'))
    await closed
  })

  it.each<[string, RequestListener]>([
    ['no answer', () => {}],
    ['half an answer', (_request, response) => response.writeHead(200, { 'content-length': 10 }).write('half')],
  ])('ends at the time-out with %s', async (_, hang) => {
    answer = hang
    await expect(fetchBytes(url, bounds({ timeout: 40 }))).rejects.toEqual(failure('no answer within 40 ms'))
  })

  it('ends with its signal, and gives the reason of the abort', async () => {
    for (const [reason, message] of [
      [undefined, 'This operation was aborted'],
      [new Error('the server stops'), 'the server stops'],
      ['stopped', 'stopped'],
    ] as const) {
      const controller = new AbortController()
      answer = () => controller.abort(reason)
      await expect(fetchBytes(url, bounds({ signal: controller.signal }))).rejects.toEqual(failure(message))
    }
  })

  it('sends no request with a signal that is already aborted', async () => {
    const before = server.requests()
    await expect(fetchBytes(url, bounds({ signal: AbortSignal.abort() }))).rejects.toEqual(
      failure('This operation was aborted'),
    )
    expect(server.requests()).toBe(before)
  })

  it('gives the code of a network failure', async () => {
    const gone = await startServer(() => {})
    await gone.close()
    await expect(fetchBytes(new URL(gone.url), bounds())).rejects.toEqual(failure('ECONNREFUSED'))
    answer = ({ socket }) => socket.destroy()
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure('ECONNRESET'))
  })

  it('refuses an answer that changes the protocol', async () => {
    answer = ({ socket }) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n')
    await expect(fetchBytes(url, bounds())).rejects.toEqual(
      failure('the server ended the connection without an answer'),
    )
  })

  it.each([
    ['headers without end', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n', 'HPE_HEADER_OVERFLOW'],
    ['trailers without end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n', 'x: y\r\n', 'ECONNRESET'],
    ['interim answers without end', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'no answer within 200 ms'],
    ['another protocol', 'SSH-2.0-server\r\n', '', 'HPE_INVALID_CONSTANT'],
  ])('ends the connection of %s', async (_, first, rest, reason) => {
    const closed = Promise.withResolvers<void>()
    answer = ({ socket }) => {
      socket.on('close', () => closed.resolve()).write(first)
      const sendRest = () => void (socket.destroyed || socket.write(rest.repeat(100), () => setImmediate(sendRest)))
      if (rest !== '') sendRest()
    }
    await expect(fetchBytes(url, bounds({ timeout: 200 }))).rejects.toEqual(failure(reason))
    await closed.promise
  })

  it('asks for an answer that is not compressed, and refuses another', async () => {
    answer = ({ headers }, response) => response.end(headers['accept-encoding'])
    expect((await fetchBytes(url, bounds())).toString()).toBe('identity')
    for (const encoding of ['gzip', 'GZIP', 'br, identity']) {
      answer = (_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end('packed')
      await expect(fetchBytes(url, bounds())).rejects.toEqual(
        failure('the server compressed its answer, without being asked'),
      )
    }
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'Identity' }).end('plain')
    expect((await fetchBytes(url, bounds())).toString()).toBe('plain')
  })

  it('uses a connection of its own, which ends with the fetch', async () => {
    const sockets = new Set<unknown>()
    answer = ({ socket }, response) => {
      sockets.add(socket)
      response.end('keys')
    }
    for (const count of [1, 2]) {
      await fetchBytes(url, bounds())
      expect(sockets.size).toBe(count)
    }
  })

  it('refuses half an answer', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-length': 10 }).write('half', () => response.destroy())
    await expect(fetchBytes(url, bounds())).rejects.toEqual(failure('ECONNRESET'))
  })
})

describe('fetchJson', () => {
  it('parses the answer as UTF-8', async () => {
    answer = send(200, '{"name":"Zoë"}')
    expect(await fetchJson(url, bounds())).toEqual({ name: 'Zoë' })
    answer = send(200, 'null')
    expect(await fetchJson(url, bounds())).toBeNull()
  })

  it.each(['<html>', '{"keys":[', ''])('refuses %j', async (body) => {
    answer = send(200, body)
    await expect(fetchJson(url, bounds())).rejects.toEqual(failure('the answer is not JSON'))
  })

  it('keeps the bounds, and the reason of a failed fetch', async () => {
    answer = send(200, '"text"')
    await expect(fetchJson(url, bounds({ maxBytes: 5 }))).rejects.toEqual(failure('the answer is longer than 5 bytes'))
    answer = send(503, '"text"')
    await expect(fetchJson(url, bounds())).rejects.toEqual(failure('the server answered 503'))
  })
})
