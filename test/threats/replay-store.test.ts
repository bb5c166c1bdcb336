import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import countersign, { type EdgeOptions, type ReplayStore } from '@countersign/origin-plugin'
import { type IoRedisLike, redisReplayStore } from '@countersign/origin-plugin/redis'
import { sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest } from '@countersign/test-support/wire-request'
import Fastify from 'fastify'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Chain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const KEY = { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }

/** An app with the plugin. It does not listen, and is closed when the test has finished. */
async function originWith(edge: Omit<EdgeOptions, 'keys' | 'hosts'>, keys: EdgeOptions['keys'] = KEY) {
  const app = Fastify({ logger: { level: 'silent' } })
  onTestFinished(() => app.close())
  await app.register(countersign, { edge: { keys, hosts: null, ...edge }, access: null, trustedIssuers: null })
  // Not the app itself: it has then(), which would start it.
  return { app }
}

describe('a replay store that detects no replay', () => {
  it.each<[string, () => unknown]>([
    ['accepts every nonce', async () => true],
    ['counts instead of deciding', async () => 1],
    ['returns the reply of Redis', async () => 'OK'],
    ['returns nothing', async () => undefined],
  ])('because it %s, stops the start', async (_why, spend) => {
    for (const onStoreUnavailable of ['refuse', 'accept'] as const) {
      const { app } = await originWith({ replay: { spend } as ReplayStore, onStoreUnavailable })
      await expect(app.ready()).rejects.toThrow('edge.replay: the replay store does not detect replays')
    }
  })

  it.each<[string, (fresh: readonly boolean[]) => unknown]>([
    ['accepts every nonce', (fresh) => fresh.map(() => true)],
    ['answers in another order', (fresh) => fresh.toReversed()],
    ['answers about one nonce', ([first]) => [first]],
  ])('because a batch of it %s, stops the start', async (_why, change) => {
    for (const onStoreUnavailable of ['refuse', 'accept'] as const) {
      const { spend } = expiringStore()
      const spendMany: ReplayStore['spendMany'] = async (nonces, lifetime) =>
        change(await Promise.all(nonces.map((nonce) => spend(nonce, lifetime)))) as boolean[]
      const { app } = await originWith({ replay: { spend, spendMany }, onStoreUnavailable })
      await expect(app.ready()).rejects.toThrow('spendMany() must return an array with true for each fresh nonce')
    }
  })

  it('because the client drops the arguments of SET, is refused', () => {
    const set = async (_key: string, _value: string) => 'OK'
    expect(() => redisReplayStore({ set } as unknown as IoRedisLike)).toThrow('redisReplayStore: client must be')
  })
})

/** A store whose entries expire by the clock of the test. It would report both of two equal nonces of a batch as fresh. */
function expiringStore(): ReplayStore {
  const expiry = new Map<string, number>()
  const isFresh = (nonce: string) => (expiry.get(nonce) ?? 0) <= Date.now()
  const remember = (nonce: string, lifetime: number) => expiry.set(nonce, Date.now() + lifetime)
  return {
    async spend(nonce, lifetime) {
      const answer = isFresh(nonce)
      if (answer) remember(nonce, lifetime)
      return answer
    },
    async spendMany(nonces, lifetime) {
      const answers = nonces.map(isFresh)
      nonces.forEach((nonce, at) => void (answers[at] && remember(nonce, lifetime)))
      return answers
    },
  }
}

const store = expiringStore()
const strict = (edge: Chain['edge']) => ({
  edge: { keys: edge.keys, hosts: null, replay: store, maxAge: 10, clockTolerance: 0 },
})

describeThreat('a captured request of an origin with a short tolerance', { plugin: strict }, (chain) => {
  afterEach(() => void vi.useRealTimers())

  it.each([11, 75, 359])(
    'is refused after %i s by an origin with a long one that shares the store',
    async (seconds) => {
      const { app: patient } = await originWith({ replay: store, maxAge: 300, clockTolerance: 60 }, chain.edge.keys)
      patient.get('/me', () => 'in')
      await patient.listen({ host: '127.0.0.1', port: 0 })
      const { port } = patient.server.address() as AddressInfo
      const captured = await chain.capture('/me', { client: chain.edge.clients.alice })

      const created = Math.floor(Date.now() / 1000)
      vi.useFakeTimers({ toFake: ['Date'], now: created * 1000 })
      const request = chain.sign(captured, { created, expires: created + 3600 })
      expect(await chain.around(request)).toMatchObject({ status: 200 })
      vi.setSystemTime((created + seconds) * 1000)
      expect(await sendRaw(port, formatRequest(request))).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
      const other = chain.sign(captured, { created, expires: created + 3600 })
      expect(await sendRaw(port, formatRequest(other))).toMatchObject({ status: 200 })
    },
  )

  it('is admitted once of twenty copies at the same time', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    const request = chain.sign(captured)
    const answers = await Promise.all(Array.from({ length: 20 }, () => chain.around(request)))
    expect(answers.map(({ status, code }) => code ?? status).toSorted()).toEqual([
      200,
      ...new Array(19).fill('CSN_SIGNATURE_REPLAYED'),
    ])
  })
})
