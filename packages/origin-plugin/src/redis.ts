/**
 * A replay store in Redis or Valkey, for `edge.replay`.
 *
 * @module
 */

import type { ReplayStore } from './edge-signature/replay-store.ts'

/** The part of an ioredis client that the store uses. */
export interface IoRedisLike {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<string | null>
}

/** The part of a node-redis client that the store uses. */
export interface NodeRedisLike {
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): Promise<unknown>
  /** Distinguishes node-redis from ioredis, which does not have this property. */
  readonly isReady: boolean
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
 * @param client - an ioredis or node-redis client, connected to a single primary. A replica may not know a nonce yet
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
    throw new TypeError('redisReplayStore: client must be an ioredis or node-redis client, which has the method set()')
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
      // SET … NX has no other reply. A client that maps replies must not make every request look fresh.
      throw new Error('the client returned an unknown reply to SET')
    },
  }
}

function isNodeRedis(client: IoRedisLike | NodeRedisLike): client is NodeRedisLike {
  return typeof (client as Partial<NodeRedisLike>).isReady === 'boolean'
}
