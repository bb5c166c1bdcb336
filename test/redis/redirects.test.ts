import { redisReplayStore } from '@countersign/origin-plugin/redis'
import { freePort } from '@countersign/test-support/local-server'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const LIFETIME = 420_000
const LAST_SLOT = 16_383
/** Slots up to this one belong to the first node at the start. */
const HALF = 8_191

/** A node of a cluster, with a client that configures it. */
interface Node {
  readonly server: RedisServer
  readonly port: number
  readonly bus: number
  readonly admin: Redis
  readonly id: string
}

async function startNode(): Promise<Node> {
  const [port, bus] = [await freePort(), await freePort()]
  const flags = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', String(bus)]
  const server = await startRedis(port, flags)
  const admin = new Redis(server.url)
  return { server, port, bus, admin, id: (await admin.cluster('MYID')) as string }
}

describe('a cluster of two nodes', () => {
  let first: Node
  let second: Node

  beforeAll(async () => {
    first = await startNode()
    second = await startNode()
    await first.admin.cluster('SET-CONFIG-EPOCH', 1)
    await second.admin.cluster('SET-CONFIG-EPOCH', 2)
    await first.admin.cluster('ADDSLOTSRANGE', 0, HALF)
    await second.admin.cluster('ADDSLOTSRANGE', HALF + 1, LAST_SLOT)
    await first.admin.call('CLUSTER', 'MEET', '127.0.0.1', second.port, second.bus)
    const isOk = async ({ admin }: Node) => expect(await admin.cluster('INFO')).toContain('cluster_state:ok')
    await vi.waitFor(() => Promise.all([isOk(first), isOk(second)]), 20_000)
  })
  afterAll(async () => {
    for (const { admin, server } of [first, second]) {
      admin.disconnect()
      await server.stop()
    }
  })

  let count = 0
  /** A new nonce with an empty slot of its own on a node, and that slot. */
  async function nonceOn(node: Node, prefix: string): Promise<readonly [nonce: string, slot: number]> {
    for (;;) {
      const nonce = `nonce ${count++}`
      const slot = (await first.admin.cluster('KEYSLOT', prefix + nonce)) as number
      const isFirst = slot <= HALF
      if (isFirst === (node === first) && (await node.admin.cluster('COUNTKEYSINSLOT', slot)) === 0)
        return [nonce, slot]
    }
  }

  const CLUSTERS = {
    'Cluster of ioredis': async () => {
      const client = new Cluster([{ host: '127.0.0.1', port: first.port }])
      onTestFinished(() => void client.disconnect())
      return client
    },
    'createCluster of node-redis': async () => {
      const client = createCluster({ rootNodes: [{ url: first.server.url }] })
      client.on('error', () => {})
      await client.connect()
      onTestFinished(() => void client.destroy())
      return client
    },
  }

  it.each(Object.entries(CLUSTERS))('admits a nonce once while its slot moves: %s', async (name, connect) => {
    const prefix = `${name}:`
    const stores = [redisReplayStore(await connect(), { prefix }), redisReplayStore(await connect(), { prefix })]
    const spendTwice = async (nonce: string) => {
      const spent = await Promise.all([...stores, ...stores].map((store) => store.spend(nonce, LIFETIME)))
      expect(spent.toSorted()).toEqual([false, false, false, true])
    }
    // The clients learn the slots.
    for (const node of [first, second]) await spendTwice((await nonceOn(node, prefix))[0])

    const [asked, migrating] = await nonceOn(first, prefix)
    await second.admin.cluster('SETSLOT', migrating, 'IMPORTING', first.id)
    await first.admin.cluster('SETSLOT', migrating, 'MIGRATING', second.id)
    await expect(first.admin.set(prefix + asked, '1')).rejects.toThrow(/^ASK /)
    await spendTwice(asked)

    const [moved, slot] = await nonceOn(first, prefix)
    for (const { admin } of [second, first]) await admin.cluster('SETSLOT', slot, 'NODE', second.id)
    await expect(first.admin.set(prefix + moved, '1')).rejects.toThrow(/^MOVED /)
    await spendTwice(moved)
  })

  const CONNECTIONS = {
    'Redis of ioredis': async () => {
      const client = new Redis(first.server.url)
      onTestFinished(() => client.disconnect())
      return client
    },
    'createClient of node-redis': async () => {
      const client = await createClient({ url: first.server.url }).connect()
      onTestFinished(() => client.destroy())
      return client
    },
  }

  it.each(Object.entries(CONNECTIONS))('has an error for each nonce of another node: %s', async (name, connect) => {
    const prefix = `${name}:`
    const store = redisReplayStore(await connect(), { prefix })
    const [here, there] = [(await nonceOn(first, prefix))[0], (await nonceOn(second, prefix))[0]]
    const moved = expect.objectContaining({ message: expect.stringMatching(/^MOVED /) })
    expect(await store.spendMany?.([there, here], LIFETIME)).toEqual([moved, true])
    expect(await store.spendMany?.([here, there], LIFETIME)).toEqual([false, moved])
  })
})
