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

  it('is refused again for the same reason, and takes no room in the memory, if another check refuses it', async () => {
    const captured = await chain.capture('/alice', { client: chain.edge.clients.bob })
    for (let again = 0; again < 2; again += 1) {
      expect(await chain.around(captured)).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    }
  })

  it('cannot be spent by a forgery with the same nonce', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const forged = { ...captured, target: '/alice' }
    expect(await chain.around(forged)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    expect(await chain.around(captured)).toMatchObject({ status: 200 })
  })
})

const options: ChainOptions = { plugin: (edge) => ({ edge: { keys: edge.keys, hosts: edge.hosts, maxRemembered: 2 } }) }

describeThreat('a full memory of requests', options, (chain) => {
  it('holds no request that was refused, forgets no accepted one, and accepts no new one', async () => {
    const { alice, bob, revoked } = chain.edge.clients
    for (let time = 0; time < 3; time += 1) {
      expect(await chain.through('/alice', { client: bob })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
      expect(await chain.through('/me')).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
      expect(await chain.through('/me', { client: revoked })).toMatchObject({ status: 403 })
    }
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
