import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { freePort } from '@countersign/test-support/local-server'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { CLIENTS, type ConnectedStore } from '../support/redis-stores.ts'
import { sendKeptAlive } from '../support/send-kept-alive.ts'
import { useChain } from '../support/use-chain.ts'

const REQUESTS = 10_000
const CONNECTIONS = 8
/** For a cluster: connections to each of its workers, and requests that a pair of them sends. */
const PAIRS = 16
const REQUESTS_OF_PAIR = 30

describe('processes that share a Redis', () => {
  const chain = useChain()
  let redis: RedisServer
  const processes: ChildProcess[] = []
  const ports: number[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

  beforeAll(async () => {
    redis = await startRedis(await freePort())
    for (const client of ['ioredis', 'redis', 'ioredis', 'redis']) {
      const child = fork(join(import.meta.dirname, 'origin-process.ts'), [JSON.stringify(chain.key), redis.url, client])
      processes.push(child)
      const [port] = await once(child, 'message')
      ports.push(port as number)
    }
  })
  afterAll(async () => {
    agent.destroy()
    for (const child of processes) child.kill()
    await redis.stop()
  })

  it(`accept each of ${REQUESTS} captured requests exactly once, sent to four of them at the same time`, {
    timeout: 120_000,
  }, async () => {
    const captured = await chain.capture('/', { client: chain.edge.clients.alice })
    const accepted = new Uint8Array(REQUESTS)
    let replayed = 0
    let next = 0
    const sender = async () => {
      while (next < REQUESTS) {
        const index = next++
        const signed = signAsWorker(captured, chain.key)
        const answers = await Promise.all(ports.map((port) => sendKeptAlive(port, signed, agent)))
        for (const { outcome } of answers) {
          if (outcome === '200') accepted[index] = (accepted[index] ?? 0) + 1
          else if (outcome === 'CSN_SIGNATURE_REPLAYED') replayed += 1
        }
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, sender))
    expect(accepted.filter((times) => times !== 1)).toHaveLength(0)
    expect(replayed).toBe(3 * REQUESTS)
  })

  it.each(['ioredis', 'redis'])(
    'that are two workers of a cluster of Node admit each request once: %s',
    async (name) => {
      const primary = fork(join(import.meta.dirname, 'cluster-primary.ts'), [
        JSON.stringify(chain.key),
        redis.url,
        name,
      ])
      const connections = Array.from({ length: 2 * PAIRS }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
      onTestFinished(() => {
        for (const connection of connections) connection.destroy()
        primary.disconnect()
      })
      const [port] = (await once(primary, 'message')) as [number]
      const captured = await chain.capture('/', { client: chain.edge.clients.alice })
      const sign = () => signAsWorker(captured, chain.key)

      // A connection stays with its worker, and the workers take turns to accept one.
      const ofWorker = new Map<string, Agent[]>()
      for (const connection of connections) {
        const { body } = await sendKeptAlive(port, sign(), connection)
        ofWorker.set(body, [...(ofWorker.get(body) ?? []), connection])
      }
      const [some = [], others = []] = ofWorker.values()
      expect([ofWorker.size, some.length, others.length]).toEqual([2, PAIRS, PAIRS])

      const outcomes = { admitted: 0, replayed: 0, others: 0 }
      const admittedBy = new Set<string>()
      const sendAll = async (pair: readonly Agent[]) => {
        for (let sent = 0; sent < REQUESTS_OF_PAIR; sent += 1) {
          const signed = sign()
          const answers = await Promise.all(pair.map((connection) => sendKeptAlive(port, signed, connection)))
          const admitted = answers.filter(({ outcome }) => outcome === '200')
          outcomes.admitted += admitted.length
          outcomes.replayed += answers.filter(({ outcome }) => outcome === 'CSN_SIGNATURE_REPLAYED').length
          if (admitted.length !== 1) outcomes.others += 1
          for (const { body } of admitted) admittedBy.add(body)
        }
      }
      await Promise.all(some.map((connection, at) => sendAll([connection, others[at] as Agent])))
      const total = PAIRS * REQUESTS_OF_PAIR
      expect(outcomes).toEqual({ admitted: total, replayed: total, others: 0 })
      expect([...admittedBy].toSorted()).toEqual([...ofWorker.keys()].toSorted())
    },
  )
})

describe.each(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])('a replay store through %s', (name) => {
  let redis: RedisServer
  let connected: ConnectedStore
  let refusing: Chain
  let accepting: Chain
  let port: number

  beforeAll(async () => {
    port = await freePort()
    redis = await startRedis(port)
    connected = await CLIENTS[name](redis.url)
    const withStore = (onStoreUnavailable: 'refuse' | 'accept') =>
      startChain({
        plugin: ({ keys, hosts }) => ({
          edge: { keys, hosts, replay: connected.store, storeTimeout: 200, onStoreUnavailable },
        }),
      })
    refusing = await withStore('refuse')
    accepting = await withStore('accept')
  })
  afterAll(async () => {
    connected.close()
    await refusing.close()
    await accepting.close()
    await redis.stop()
  })

  const good = (chain: Chain) => chain.through('/me', { client: chain.edge.clients.alice })

  it('accepts once', async () => {
    const captured = await refusing.capture('/me', { client: refusing.edge.clients.alice })
    expect(await refusing.around(captured)).toMatchObject({ status: 200 })
    expect(await refusing.around(captured)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
  })

  it('that does not answer is unavailable after its time-out', async () => {
    redis.freeze()
    try {
      expect(await good(refusing)).toMatchObject({ status: 503, code: 'CSN_REPLAY_STORE_UNAVAILABLE' })
      expect(refusing.lastReason()).toContain('no answer within 200 ms')
    } finally {
      redis.thaw()
    }
  })

  it('that is down refuses, or accepts and logs with onStoreUnavailable: accept, and recovers without a restart', async () => {
    await redis.stop()
    expect(await good(refusing)).toMatchObject({ status: 503, code: 'CSN_REPLAY_STORE_UNAVAILABLE' })
    expect(await good(accepting)).toMatchObject({ status: 200 })
    expect(accepting.log.join('\n')).toContain('the replay store failed')
    redis = await startRedis(port)
    await expect.poll(async () => (await good(refusing)).status, { timeout: 10_000 }).toBe(200)
    const captured = await accepting.capture('/me', { client: accepting.edge.clients.alice })
    await expect.poll(async () => (await accepting.around(accepting.sign(captured))).status).toBe(200)
  })
})
