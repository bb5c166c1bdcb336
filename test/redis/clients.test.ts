import { type IoRedisLike, type NodeRedisLike, redisReplayStore } from '@countersign/origin-plugin/redis'
import { freePort } from '@countersign/test-support/local-server'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const LIFETIME = 420_000
/** A cluster puts its bus on a port of its own, usually 10,000 above the server's. */
const CLUSTER = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port']

interface Connected {
  readonly client: IoRedisLike | NodeRedisLike
  close(): unknown
}

const KINDS: Readonly<Record<string, { inCluster?: true; connect(url: string, port: number): Promise<Connected> }>> = {
  'Redis of ioredis': {
    async connect(url) {
      const client = new Redis(url)
      return { client, close: () => client.disconnect() }
    },
  },
  'Cluster of ioredis': {
    inCluster: true,
    async connect(_url, port) {
      const client = new Cluster([{ host: '127.0.0.1', port }])
      return { client, close: () => client.disconnect() }
    },
  },
  'createClient of node-redis': {
    async connect(url) {
      const client = await createClient({ url }).connect()
      return { client, close: () => client.destroy() }
    },
  },
  'createClientPool of node-redis': {
    async connect(url) {
      const client = createClientPool({ url })
      await client.connect()
      return { client, close: () => client.destroy() }
    },
  },
  'createCluster of node-redis': {
    inCluster: true,
    async connect(url) {
      const client = createCluster({ rootNodes: [{ url }] })
      await client.connect()
      return { client, close: () => client.destroy() }
    },
  },
}

describe('redisReplayStore', () => {
  let alone: RedisServer
  let cluster: RedisServer
  let ports: readonly [number, number]
  let admin: Redis
  let clusterAdmin: Redis

  beforeAll(async () => {
    ports = [await freePort(), await freePort()]
    alone = await startRedis(ports[0])
    cluster = await startRedis(ports[1], [...CLUSTER, String(await freePort())])
    admin = new Redis(alone.url)
    clusterAdmin = new Redis(cluster.url)
    await clusterAdmin.cluster('ADDSLOTSRANGE', 0, 16383)
    await vi.waitFor(async () => expect(await clusterAdmin.cluster('INFO')).toContain('cluster_state:ok'), 10_000)
  })
  afterAll(async () => {
    admin.disconnect()
    clusterAdmin.disconnect()
    await alone.stop()
    await cluster.stop()
  })

  it.each(Object.entries(KINDS))('spends each nonce once, for its lifetime, with %s', async (name, kind) => {
    const [server, port, keeper] = kind.inCluster ? [cluster, ports[1], clusterAdmin] : [alone, ports[0], admin]
    const [one, other] = await Promise.all([kind.connect(server.url, port), kind.connect(server.url, port)])
    try {
      const prefix = `${name}:`
      const stores = [one, other].map(({ client }) => redisReplayStore(client, { prefix }))
      // Twenty nonces lie in many slots of a cluster.
      for (const nonce of Array.from({ length: 20 }, (_, at) => `nonce ${at}`)) {
        const spent = await Promise.all([...stores, ...stores].map((store) => store.spend(nonce, LIFETIME)))
        expect(spent.filter((fresh) => fresh)).toEqual([true])
        const left = await keeper.pttl(prefix + nonce)
        expect(left).toBeLessThanOrEqual(LIFETIME)
        expect(left).toBeGreaterThan(LIFETIME - 60_000)
      }
    } finally {
      one.close()
      other.close()
    }
  })

  it('refuses every object of the libraries that does not send SET by itself', async () => {
    const ioredis = new Redis(alone.url)
    const nodeRedis = await createClient({ url: alone.url }).connect()
    const pool = createClientPool({ url: alone.url })
    try {
      for (const [name, object] of Object.entries({
        'pipeline of ioredis': ioredis.pipeline(),
        'transaction of ioredis': ioredis.multi(),
        'transaction of node-redis': nodeRedis.multi(),
        'transaction of a pool': pool.multi(),
        'client with callbacks': nodeRedis.legacy(),
        'class of ioredis': Redis,
      })) {
        expect(() => redisReplayStore(object as never), name).toThrow('redisReplayStore: client must be')
      }
    } finally {
      ioredis.disconnect()
      nodeRedis.destroy()
      pool.destroy()
    }
  })

  it('reports a client that maps replies, so that the start fails', async () => {
    const nodeRedis = await createClient({ url: alone.url }).connect()
    try {
      // 43 is the sign of a simple string, such as OK.
      const mapped = nodeRedis.withTypeMapping({ 43: Buffer }) as unknown as NodeRedisLike
      expect(await redisReplayStore(mapped).spend('mapped', LIFETIME)).toEqual(Buffer.from('OK'))
    } finally {
      nodeRedis.destroy()
    }
  })
})
