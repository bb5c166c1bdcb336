import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { listen } from '../net/listen.ts'
import { toPem } from '../pki/dev-client.ts'
import { formatPrivateKey } from '../pki/key-pair.ts'
import { createPki } from '../pki/pki.ts'
import { probe } from './probe.ts'

const started: ReturnType<typeof createServer>[] = []
afterEach(() => {
  for (const server of started.splice(0)) server.close().closeAllConnections()
})

async function serve(answer: RequestListener, server = createServer()): Promise<URL> {
  started.push(server)
  return new URL(`http://127.0.0.1:${await listen(server.on('request', answer), 0)}`)
}

describe('probe', () => {
  it('reads an answer and its clock', async () => {
    const url = await serve((_request, response) => response.writeHead(403).end('no'))
    const { clockOffset, ...answer } = await probe(url, { trustedOnly: true })
    expect(answer).toMatchObject({ status: 403, body: 'no', tlsError: undefined })
    expect(Math.abs(clockOffset ?? Number.NaN)).toBeLessThan(3000)
  })

  it.each<[string, RequestListener]>([
    ['never answers', () => {}],
    ['stops in the middle', (_request, response) => response.writeHead(200).write('{')],
  ])('gives up on a server that %s', async (_what, answer) => {
    const url = await serve(answer)
    await expect(probe(url, { trustedOnly: true, timeout: 100 })).rejects.toThrow('no answer within 0.1 s')
  })

  it('reads no more than it expects', async () => {
    const url = await serve((_request, response) => {
      const endless = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536)));
      }
      response.on('drain', endless)
      endless()
    })
    await expect(probe(url, { trustedOnly: true })).rejects.toThrow('longer than 262144 bytes')
  })

  it('does not quote a server that does not speak HTTP', async () => {
    const server = createServer()
    server.on('connection', (socket) => socket.end('SECRET\r\n\r\n'))
    const url = await serve(() => {}, server)
    await expect(probe(url, { trustedOnly: true })).rejects.toThrow(/^HPE_/)
  })

  it('refuses an untrusted TLS certificate with trustedOnly', async () => {
    const pki = await createPki('localhost')
    const tls = { cert: toPem(pki.server.certificate), key: formatPrivateKey(pki.server.keys.privateKey) }
    const url = await serve((_request, response) => response.end('ok'), createHttpsServer(tls))
    url.protocol = 'https:'
    await expect(probe(url, { trustedOnly: true })).rejects.toThrow('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(await probe(url, { trustedOnly: false })).toMatchObject({ tlsError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })
})
