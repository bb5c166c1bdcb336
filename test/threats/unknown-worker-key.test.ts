import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const { jwk: keys } = hmacKey('test')
const options: ChainOptions = { plugin: ({ hosts }) => ({ edge: { keys, hosts } }) }

describeThreat('an origin that does not know the key of the Worker', options, (chain) => {
  it('admits no client', async () => {
    expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })
})
