import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a captured request', (chain) => {
  it('is accepted once', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    expect(await chain.around(captured)).toMatchObject({ status: 200 })
    for (let again = 0; again < 3; again += 1) {
      expect(await chain.around(captured)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
    }
  })

  it('is accepted once when it arrives twenty times at once', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const answers = await Promise.all(Array.from({ length: 20 }, () => chain.around(captured)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'CSN_SIGNATURE_REPLAYED')).toHaveLength(19)
  })

  it('is spent by a request that another check refuses', async () => {
    const captured = await chain.capture('/alice', { client: chain.edge.clients.bob })
    expect(await chain.around(captured)).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    expect(await chain.around(captured)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
  })

  it('cannot be spent by a forgery with the same nonce', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const forged = { ...captured, target: '/alice' }
    expect(await chain.around(forged)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    expect(await chain.around(captured)).toMatchObject({ status: 200 })
  })
})

const options: ChainOptions = { plugin: (edge) => ({ edge: { keys: edge.keys, maxRemembered: 2 } }) }

describeThreat('a full memory of requests', options, (chain) => {
  it('forgets no request, and accepts no new one', async () => {
    const { alice } = chain.edge.clients
    const first = await chain.capture('/me', { client: alice })
    expect(await chain.around(first)).toMatchObject({ status: 200 })
    expect(await chain.through('/me', { client: alice })).toMatchObject({ status: 200 })
    expect(await chain.through('/me', { client: alice })).toMatchObject({
      status: 503,
      code: 'CSN_REPLAY_STORE_UNAVAILABLE',
    })
    expect(await chain.around(first)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
  })
})
