/**
 * A replay store in Redis or Valkey, for `edge.replay`.
 *
 * @module
 */

import type { ReplayStore } from './edge-signature/replay-store.ts'

/** What is used of an ioredis client. */
export interface IoRedisLike {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<string | null>
}

/** What is used of a node-redis client. */
export interface NodeRedisLike {
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): Promise<unknown>
  /** node-redis has it as a method that takes an array; ioredis' takes a Command. Tells the two apart. */
  readonly isReady: boolean
}

/** Options of {@link redisReplayStore}. */
export interface RedisReplayStoreOptions {
  /** Put before every nonce, so that several origins can share a server. Default `countersign:nonce:`. */
  readonly prefix?: string
}

/**
 * Makes a replay store of a Redis client: one `SET key 1 PX lifetime NX` a request, which the server decides atomically.
 *
 * The client is yours: connect it, give it an `error` listener, close it. Let it fail fast while it is disconnected
 * (`enableOfflineQueue: false` in ioredis, `disableOfflineQueue: true` in node-redis), or each request waits for
 * `edge.storeTimeout` until it is refused.
 *
 * @param client - an ioredis or node-redis client, connected to a single primary: a replica may not know a nonce yet
 * @throws TypeError if the client has no `set`
 * @see {@link https://redis.io/docs/latest/commands/set/ Redis: SET}
 * @example
 * ```ts
 * import type { EdgeOptions } from '@countersign/origin-plugin'
 * import { redisReplayStore } from '@countersign/origin-plugin/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379', { enableOfflineQueue: false })
 * const edge: EdgeOptions = { keys, replay: redisReplayStore(client) }
 * ```
 */
export function redisReplayStore(
  client: IoRedisLike | NodeRedisLike,
  options: RedisReplayStoreOptions = {},
): ReplayStore {
  if (typeof client?.set !== 'function') {
    throw new TypeError('redisReplayStore needs an ioredis or node-redis client: it calls its set()')
  }
  const { prefix = 'countersign:nonce:' } = options
  const set = isNodeRedis(client)
    ? (key: string, lifetime: number) => client.set(key, '1', { NX: true, PX: lifetime })
    : (key: string, lifetime: number) => client.set(key, '1', 'PX', lifetime, 'NX')
  return {
    async spend(nonce, lifetime) {
      const reply = await set(prefix + nonce, Math.ceil(lifetime))
      if (reply === 'OK') return true
      if (reply === null) return false
      // Anything else is no answer to SET … NX; a client that maps replies must not make every request look fresh.
      throw new Error('the client gave an unknown reply to SET')
    },
  }
}

function isNodeRedis(client: IoRedisLike | NodeRedisLike): client is NodeRedisLike {
  return typeof (client as Partial<NodeRedisLike>).isReady === 'boolean'
}
