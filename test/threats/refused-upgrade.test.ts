import { sendRaw } from '@countersign/test-support/raw-http'
import websocket from '@fastify/websocket'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.register(websocket).after(() => {
      app.get('/socket', { websocket: true }, (socket) => socket.close())
    })
  },
}

describeThreat('a WebSocket handshake that is refused', options, (chain) => {
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
