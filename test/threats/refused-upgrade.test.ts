import websocket from '@fastify/websocket'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { sendRaw } from '../support/raw-http.ts'

describe('a WebSocket handshake that is refused', () => {
  let chain: Chain
  beforeAll(async () => {
    chain = await startChain({
      routes(app) {
        app.register(websocket).after(() => {
          app.get('/socket', { websocket: true }, (socket) => socket.close())
        })
      },
    })
  })
  afterAll(() => chain.close())

  it('does not keep its connection, because a thousand of them would stay open forever', async () => {
    const handshake = [
      'GET /socket HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ].join('\r\n')
    // sendRaw resolves when the server ends the connection, and rejects after ten seconds of silence.
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => sendRaw(chain.originPort, `${handshake}\r\n\r\n`)),
    )
    expect(answers.map(({ status, code }) => `${status} ${code}`)).toEqual(
      answers.map(() => '401 CSN_SIGNATURE_MISSING'),
    )
  })
})
