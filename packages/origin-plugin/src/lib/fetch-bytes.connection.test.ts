import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { type FetchBounds, fetchBytes } from './fetch-bytes.ts'

const bounds = (changes: Partial<FetchBounds> = {}): FetchBounds => ({
  timeout: 10_000,
  maxBytes: 1_000,
  signal: new AbortController().signal,
  ...changes,
})
const failure = (reason: string) => expect.objectContaining({ name: 'Error', message: reason })

/** A server of bytes, with its connections so far. It answers the first bytes of each. */
async function startTcp(answer: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).on('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const { globalAgent: ofHttp } = http
const { globalAgent: ofHttps } = https
afterEach(() => {
  http.globalAgent = ofHttp
  https.globalAgent = ofHttps
})

/** As NODE_USE_ENV_PROXY does. A Node without it connects to the same server, which answers no handshake either. */
function useProxy(host: string): void {
  const proxyEnv = { HTTPS_PROXY: `http://${host}` }
  https.globalAgent = new https.Agent({ keepAlive: true, proxyEnv } as https.AgentOptions)
}

describe('the connection of fetchBytes', () => {
  it.each([
    ['no answer', ''],
    ['half an answer', 'HTTP/1.1 2'],
    ['a tunnel to nowhere', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('ends at the time-out and with its signal, if a proxy has %s', async (_what, answer) => {
    const proxy = await startTcp((socket) => void (answer === '' || socket.writableLength || socket.write(answer)))
    useProxy(proxy.host)
    const url = new URL(`https://${proxy.host}/`)
    const broken = /^(no answer within 100 ms|ERR_SSL_\w+|EPROTO)$/
    await expect(fetchBytes(url, bounds({ timeout: 100 }))).rejects.toThrow(broken)
    const controller = new AbortController()
    const fetched = fetchBytes(url, bounds({ signal: controller.signal }))
    const reason = expect(fetched).rejects.toThrow(/^(the server stops|ERR_SSL_\w+|EPROTO)$/)
    await setTimeout(50)
    controller.abort(new Error('the server stops'))
    await reason
    await expect.poll(() => proxy.sockets.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  it('ends with a proxy that answers in many pieces, and so does not end the process', async () => {
    const proxy = await startTcp(async (socket) => {
      socket.setNoDelay(true).removeAllListeners('data').resume()
      for (let piece = 0; piece < 40 && !socket.destroyed; piece += 1) {
        socket.write('x: y\r\n')
        await setTimeout(10)
      }
      socket.end('\r\n')
    })
    useProxy(proxy.host)
    // Node 26 reads any number of pieces, and then refuses the answer.
    await expect(fetchBytes(new URL(`https://${proxy.host}/`), bounds({ timeout: 60_000 }))).rejects.toThrow(
      /^(the proxy answers in too many pieces|ERR_PROXY_TUNNEL|ERR_SSL_\w+|EPROTO)$/,
    )
  })

  const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nkeys'

  it('is its own, also with a server that would keep it', async () => {
    const server = await startTcp((socket) => socket.write(ANSWER))
    for (const count of [1, 2, 3]) {
      expect((await fetchBytes(new URL(`http://${server.host}/`), bounds())).toString()).toBe('keys')
      expect(server.sockets).toHaveLength(count)
    }
  })

  it('is not one that the application keeps or waits for', async () => {
    const server = await startTcp((socket) => socket.write(ANSWER))
    const url = new URL(`http://${server.host}/`)
    http.globalAgent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => http.globalAgent.destroy())
    // An answer that nobody reads occupies the only connection of the agent.
    const occupied = http.get(url, { agent: http.globalAgent })
    await once(occupied, 'response')
    expect((await fetchBytes(url, bounds())).toString()).toBe('keys')
    expect(server.sockets).toHaveLength(2)
  })

  it('has the settings of the global agent', async () => {
    const server = await startTcp((socket) => socket.write(ANSWER))
    const asked: string[] = []
    http.globalAgent = new http.Agent({
      lookup: (name, _options, done) => {
        asked.push(name)
        done(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    const [, port] = server.host.split(':')
    expect((await fetchBytes(new URL(`http://keys.example:${port}/`), bounds())).toString()).toBe('keys')
    expect(asked).toEqual(['keys.example'])
  })
})

describe('a body without a length', () => {
  const START = 'HTTP/1.1 200 OK\r\n\r\nhalf of it'

  it('ends with the connection', async () => {
    const server = await startTcp((socket) => socket.end(START))
    expect((await fetchBytes(new URL(`http://${server.host}/`), bounds())).toString()).toBe('half of it')
  })

  it('is refused if the connection breaks, and at the time-out', async () => {
    const breaking = await startTcp(async (socket) => {
      socket.write(START)
      await setTimeout(20)
      socket.resetAndDestroy()
    })
    await expect(fetchBytes(new URL(`http://${breaking.host}/`), bounds())).rejects.toEqual(failure('ECONNRESET'))
    const hanging = await startTcp((socket) => socket.write(START))
    await expect(fetchBytes(new URL(`http://${hanging.host}/`), bounds({ timeout: 100 }))).rejects.toEqual(
      failure('no answer within 100 ms'),
    )
  })
})
