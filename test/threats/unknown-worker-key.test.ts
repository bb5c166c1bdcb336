import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'

describe('an origin that does not know the key of the Worker', () => {
  let chain: Chain
  beforeAll(async () => {
    const other = { kty: 'oct', kid: 'test', k: Buffer.alloc(32, 3).toString('base64url') }
    chain = await startChain({ plugin: () => ({ edge: { keys: other } }) })
  })
  afterAll(() => chain.close())

  it('admits no client', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })
})
