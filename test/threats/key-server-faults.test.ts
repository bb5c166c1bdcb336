import type { RequestListener } from 'node:http'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
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
  let server: LocalServer
  // The origin fetches the keys for the first time when it starts.
  let answer = faults['500'] as RequestListener
  beforeAll(async () => {
    server = await startServer((request, response) => answer(request, response))
    const jwksUri = `${server.url}/certs`
    chain = await startChain({ plugin: (edge) => ({ access: { ...edge.access, jwksUri } }) })
  })
  afterAll(async () => {
    await chain.close()
    await server.close()
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
