/**
 * A replay store in Redis or Valkey, for `edge.replay`.
 *
 * @module
 */

import type { ReplayStore } from './edge-signature/replay-store.ts'

/** The part of a client of ioredis that the store uses: `Redis` or `Cluster`. */
export interface IoRedisLike {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<string | null>
  /** The state of the connection. */
  readonly status: string
  getBuiltinCommands(): string[]
}

/** The part of a client of node-redis that the store uses: of `createClient`, `createClientPool` or `createCluster`. */
export interface NodeRedisLike {
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): Promise<unknown>
  readonly isOpen: boolean
  /** The name of the same command in capitals, which ioredis does not have. */
  readonly SET: unknown
}

/** Options of {@link redisReplayStore}. */
export interface RedisReplayStoreOptions {
  /** The text before every nonce, so that several origins can share a server. Default `countersign:nonce:`. */
  readonly prefix?: string
}

/**
 * Makes a replay store of a Redis client. It sends one `SET key 1 PX lifetime NX` a request, which the server decides
 * atomically. The lifetime is in milliseconds.
 *
 * The client is yours: connect it, give it an `error` listener, and close it. Let it fail fast while it is disconnected
 * (`enableOfflineQueue: false` in ioredis, `disableOfflineQueue: true` in node-redis). Otherwise each request waits for
 * `edge.storeTimeout` before it is refused.
 *
 * @param client - a client, a pool or a cluster of ioredis or node-redis that writes to primaries. A replica may not know
 *   a nonce yet
 * @throws TypeError for any other client. The libraries write options of `SET` in different ways. A client that drops
 *   them would accept every replay
 * @see {@link https://redis.io/docs/latest/commands/set/ Redis: SET}
 * @example
 * ```ts
 * import type { EdgeOptions } from '@countersign/origin-plugin'
 * import { redisReplayStore } from '@countersign/origin-plugin/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379', { enableOfflineQueue: false })
 * const edge: EdgeOptions = { keys, hosts: ['app.example.com'], replay: redisReplayStore(client) }
 * ```
 */
export function redisReplayStore(
  client: IoRedisLike | NodeRedisLike,
  options: RedisReplayStoreOptions = {},
): ReplayStore {
  const { prefix = 'countersign:nonce:' } = options
  const set = setterOf(client)
  return {
    async spend(nonce, lifetime) {
      const reply = await set(prefix + nonce, Math.ceil(lifetime))
      if (reply === 'OK') return true
      if (reply === null) return false
      // SET … NX has no other reply. The plugin accepts no answer but true and false, and does not start with others.
      return reply as boolean
    },
  }
}

function setterOf(client: IoRedisLike | NodeRedisLike): (key: string, lifetime: number) => Promise<unknown> {
  if (isIoRedis(client)) return (key, lifetime) => client.set(key, '1', 'PX', lifetime, 'NX')
  if (isNodeRedis(client)) return (key, lifetime) => client.set(key, '1', { NX: true, PX: lifetime })
  throw new TypeError(
    'redisReplayStore: client must be a Redis or Cluster of ioredis, or made by createClient, createClientPool or createCluster of node-redis; for another library, pass a store of your own as edge.replay: { spend(nonce, lifetime) }',
  )
}

type Types = Readonly<Record<string, 'function' | 'string' | 'boolean' | 'undefined'>>

/** Each library by properties that the other does not have. Also a pipeline has `set`, which sends nothing by itself. */
const IOREDIS: Types = { set: 'function', status: 'string', getBuiltinCommands: 'function', SET: 'undefined' }
const NODE_REDIS: Types = { set: 'function', isOpen: 'boolean', SET: 'function', getBuiltinCommands: 'undefined' }

const isIoRedis = (client: unknown): client is IoRedisLike => hasTypes(client, IOREDIS)
const isNodeRedis = (client: unknown): client is NodeRedisLike => hasTypes(client, NODE_REDIS)

function hasTypes(client: unknown, types: Types): boolean {
  const properties = (client ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(types).every(([name, type]) => typeof properties[name] === type)
}
