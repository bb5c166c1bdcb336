import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'

const faults: Record<string, RequestListener> = {
  '500': (_request, response) => response.writeHead(500).end(),
  'a reset': (request) => request.socket.destroy(),
  rubbish: (_request, response) => response.end('<html>'),
  'no set': (_request, response) => response.end('{"keys":"none"}'),
  'an empty set': (_request, response) => response.end('{"keys":[]}'),
  '10 MB': (_request, response) => response.end(`{"keys":["${'x'.repeat(10_000_000)}"]}`),
  'a redirect': (_request, response) => response.writeHead(302, { location: 'https://attacker.example/' }).end(),
}

describe('a key server that answers with', () => {
  let chain: Chain
  let server: Server
  // The origin fetches the keys for the first time when it starts.
  let answer = faults['500'] as RequestListener
  beforeAll(async () => {
    server = createServer((request, response) => answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`
    chain = await startChain({ plugin: (edge) => ({ access: { ...edge.access, jwksUri } }) })
  })
  afterAll(async () => {
    await chain.close()
    server.closeAllConnections()
    server.close()
  })

  it.each(Object.keys(faults))('%s admits no client, and the answer does not blame the client', async (fault) => {
    answer = faults[fault] as RequestListener
    const { alice } = chain.edge.clients
    expect(await chain.through('/me', { client: alice })).toMatchObject({
      status: 503,
      code: 'CSN_ACCESS_KEYS_UNAVAILABLE',
    })
  })
})
