import { randomBytes } from 'node:crypto'
import { isCountersignError } from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  createCheckedStore,
  type ReplayStoreUse,
} from '../../packages/origin-plugin/src/edge-signature/checked-store.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { CLIENTS, type ConnectedStore } from '../support/redis-stores.ts'

const REPLAYED = 'CSN_SIGNATURE_REPLAYED: the nonce was spent by an earlier request'
const unavailable = (reason: string) => `CSN_REPLAY_STORE_UNAVAILABLE: the replay store failed: "${reason}"`

/** Random nonces whose keys begin with a letter. */
const nonces = (count: number, letter = 'a') =>
  Array.from({ length: count }, () => letter + randomBytes(16).toString('base64url').slice(1))

describe.each(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])('a batch of nonces through %s', (name) => {
  let port: number
  let redis: RedisServer
  let connected: ConnectedStore
  let admin: Redis

  beforeAll(async () => {
    port = await freePort()
    redis = await startRedis(port)
    connected = await CLIENTS[name](redis.url)
    admin = new Redis(redis.url, { retryStrategy: () => 50 })
    admin.on('error', () => {})
  })
  afterAll(async () => {
    connected.close()
    admin.disconnect()
    await redis.stop()
  })

  /** A store whose start has succeeded. `decide` spends nonces in one turn. */
  async function startStore(changes: Partial<ReplayStoreUse> = {}) {
    const reports: string[] = []
    const report = (reason: string) => reports.push(reason)
    const usual = { lifetime: 420_000, timeout: 5_000, onUnavailable: 'refuse', report } as const
    const checked = createCheckedStore({ store: connected.store, ...usual, ...changes })
    await checked.start()
    const decide = async (batch: readonly string[]) => {
      const outcomes = await Promise.allSettled(batch.map((nonce) => checked.spend(nonce)))
      return outcomes.map((outcome) => {
        if (outcome.status === 'fulfilled') return 'in'
        if (!isCountersignError(outcome.reason)) throw outcome.reason
        return `${outcome.reason.code}: ${outcome.reason.reason}`
      })
    }
    return { decide, reports }
  }

  async function readsOfServer(): Promise<number> {
    return Number(/total_reads_processed:(\d+)/.exec(await admin.info('stats'))?.[1])
  }

  it('leaves in few writes, and each nonce has its own decision', async () => {
    const { decide } = await startStore()
    const [spent, fresh] = [nonces(20), nonces(50)]
    expect(await decide(spent)).toEqual(spent.map(() => 'in'))
    const mixed = [...fresh.slice(0, 25), ...spent, ...fresh.slice(25), fresh[0] as string]
    const before = await readsOfServer()
    const decided = await decide(mixed)
    expect((await readsOfServer()) - before).toBeLessThan(10)
    const firstOf = (nonce: string, at: number) => fresh.includes(nonce) && mixed.indexOf(nonce) === at
    expect(decided).toEqual(mixed.map((nonce, at) => (firstOf(nonce, at) ? 'in' : REPLAYED)))
    expect(await admin.pttl(`countersign:nonce:${fresh[49]}`)).toBeGreaterThan(410_000)
  })

  it('waits for a slow server, and is decided once it answers', async () => {
    const { decide } = await startStore()
    const [spent = '', fresh = ''] = nonces(2)
    expect(await decide([spent])).toEqual(['in'])
    await admin.client('PAUSE', 150, 'WRITE')
    expect(await decide([fresh, spent])).toEqual(['in', REPLAYED])
  })

  it('is refused as a whole after the time-out, and its nonces are spent by then', async () => {
    const { decide } = await startStore({ timeout: 100 })
    const batch = nonces(30)
    await admin.client('PAUSE', 300, 'WRITE')
    expect(await decide(batch)).toEqual(batch.map(() => unavailable('no answer within 100 ms')))
    const again = async () => new Set(await decide(batch))
    await expect.poll(again, { timeout: 5_000 }).toEqual(new Set([REPLAYED]))
  })

  it('is refused as a whole if the server ends before its replies, and the store recovers', async () => {
    const { decide } = await startStore()
    // Paused, the server has read the commands and executed none.
    await admin.client('PAUSE', 60_000, 'ALL')
    const before = nonces(30)
    const decided = decide(before)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await redis.stop()
    for (const outcome of await decided) {
      expect(outcome).toMatch(/^CSN_REPLAY_STORE_UNAVAILABLE: the replay store failed: "/)
    }
    redis = await startRedis(port)
    const probe = async () => (await decide(nonces(1)))[0]
    await expect.poll(probe, { timeout: 10_000 }).toBe('in')
    expect(await decide([...before, ...before])).toEqual([...before.map(() => 'in'), ...before.map(() => REPLAYED)])
  })

  it.each<[string, readonly [string, string], readonly [string, string], RegExp]>([
    ['memory', ['maxmemory', '1'], ['maxmemory', '0'], /"OOM command not allowed/],
    [
      'replicas',
      ['min-replicas-to-write', '1'],
      ['min-replicas-to-write', '0'],
      /"NOREPLICAS Not enough good replicas/,
    ],
  ])('is refused while the server has no %s, and the store recovers', async (_what, set, reset, reason) => {
    const { decide } = await startStore()
    await admin.config('SET', ...set)
    onTestFinished(async () => void (await admin.config('SET', ...reset)))
    const batch = nonces(3)
    for (const outcome of await decide(batch)) {
      expect(outcome).toMatch(/^CSN_REPLAY_STORE_UNAVAILABLE: the replay store failed: /)
      expect(outcome).toMatch(reason)
    }
    await admin.config('SET', ...reset)
    expect(await decide(batch)).toEqual(['in', 'in', 'in'])
  })

  it('is refused by a server that became a replica', async () => {
    const { decide } = await startStore()
    await admin.replicaof('127.0.0.1', await freePort())
    onTestFinished(async () => void (await admin.replicaof('NO', 'ONE')))
    for (const outcome of await decide(nonces(3))) {
      expect(outcome).toContain('CSN_REPLAY_STORE_UNAVAILABLE: the replay store failed: "READONLY')
    }
  })

  it.each(['refuse', 'accept'] as const)('has a reply for each command beside one that fails: %s', async (how) => {
    const { decide, reports } = await startStore({ onUnavailable: how })
    const [spent = '', fresh = ''] = nonces(2)
    const [denied = ''] = nonces(1, 'b')
    expect(await decide([spent])).toEqual(['in'])
    await admin.acl('SETUSER', 'default', 'resetkeys', '~countersign:nonce:a*')
    onTestFinished(async () => void (await admin.acl('SETUSER', 'default', 'allkeys')))
    const [ofDenied, ...others] = await decide([denied, spent, fresh])
    expect(others).toEqual([REPLAYED, 'in'])
    if (how === 'accept') expect(ofDenied).toBe('in')
    else expect(ofDenied).toContain('CSN_REPLAY_STORE_UNAVAILABLE: the replay store failed: "NOPERM')
    expect(reports).toEqual([expect.stringContaining('"NOPERM'), 'the replay store answers again'])
  })
})
