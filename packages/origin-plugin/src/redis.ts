/**
 * A replay store in Redis or Valkey, for `edge.replay`.
 *
 * @module
 */

import type { ReplayStore } from './edge-signature/replay-store.ts'

/**
 * The part of a client of ioredis that the store uses: `Redis` or `Cluster`.
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis'
 *
 * const client: IoRedisLike = new Redis('redis://127.0.0.1:6379', { enableOfflineQueue: false })
 * ```
 */
export interface IoRedisLike {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<string | null>
  pipeline(): IoRedisPipelineLike
  /** The state of the connection. */
  readonly status: string
  /** Whether the client is a `Cluster`. */
  readonly isCluster?: boolean
  getBuiltinCommands(): string[]
}

/**
 * The part of a pipeline of ioredis that the store uses.
 *
 * @example
 * ```ts
 * const send = (pipeline: IoRedisPipelineLike, nonce: string) => {
 *   pipeline.set(nonce, '1', 'PX', 60_000, 'NX')
 *   return pipeline.exec()
 * }
 * ```
 */
export interface IoRedisPipelineLike {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): unknown
  /** Sends the commands in one write. Each has a reply, or an error of its own. */
  exec(): Promise<readonly (readonly [error: Error | null, reply?: unknown])[] | null>
}

/**
 * The part of a client of node-redis that the store uses: of `createClient`, `createClientPool` or `createCluster`.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis'
 *
 * const client: NodeRedisLike = createClient({ disableOfflineQueue: true })
 * ```
 */
export interface NodeRedisLike {
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): Promise<unknown>
  readonly isOpen: boolean
  /** The name of the same command in capitals, which ioredis does not have. */
  readonly SET: unknown
}

/** The further part of a client of `createClient` that the store uses. */
interface NodeRedisConnection extends NodeRedisLike {
  readonly isReady: boolean
  withCommandOptions(options: { readonly timeout: undefined }): NodeRedisLike
}

/**
 * Options of {@link redisReplayStore}.
 *
 * @example
 * ```ts
 * const options: RedisReplayStoreOptions = { prefix: 'payments:nonce:' }
 * ```
 */
export interface RedisReplayStoreOptions {
  /** The text before every nonce, so that several origins can share a server. Default `countersign:nonce:`. */
  readonly prefix?: string
}

/**
 * Makes a replay store of a Redis client. It sends one `SET key 1 PX lifetime NX` a request, which the server decides
 * atomically. The lifetime is in milliseconds.
 *
 * With one connection (`Redis`, `createClient`), the commands of all requests that arrive in one turn of the event loop
 * leave in one write, and each has a reply of its own. With a cluster or a pool, each request sends its command by
 * itself, so that a slow node holds up its own requests alone.
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
  if (isIoRedis(client)) return ofIoRedis(client, prefix)
  if (isNodeRedis(client)) return ofNodeRedis(client, prefix)
  throw new TypeError(
    'redisReplayStore: client must be a Redis or Cluster of ioredis, or made by createClient, createClientPool or createCluster of node-redis; for another library, pass a store of your own as edge.replay: { spend(nonce, lifetime) }',
  )
}

function ofIoRedis(client: IoRedisLike, prefix: string): ReplayStore {
  const store: ReplayStore = {
    spend: async (nonce, lifetime) => readReply(await client.set(prefix + nonce, '1', 'PX', Math.ceil(lifetime), 'NX')),
  }
  // A pipeline of a cluster needs keys of one node, and a slow node would hold up the requests of the others.
  if (client.isCluster) return store
  return {
    ...store,
    async spendMany(nonces, lifetime) {
      // Each pipeline of ioredis has a hidden class of its own, which V8 keeps until it collects the whole heap.
      if (nonces.length === 1) return [await store.spend(nonces[0] as string, lifetime)]
      const pipeline = client.pipeline()
      for (const nonce of nonces) pipeline.set(prefix + nonce, '1', 'PX', Math.ceil(lifetime), 'NX')
      const replies = await pipeline.exec()
      return (replies ?? []).map(([error, reply]) => error ?? readReply(reply))
    },
  }
}

function ofNodeRedis(client: NodeRedisLike, prefix: string): ReplayStore {
  const set = (sender: NodeRedisLike, nonce: string, lifetime: number) =>
    sender.set(prefix + nonce, '1', { NX: true, PX: Math.ceil(lifetime) })
  const spend = async (nonce: string, lifetime: number) => readReply(await set(client, nonce, lifetime))
  // A slow node of a cluster, or connection of a pool, would hold up the requests of the others.
  if (!isOneConnection(client)) return { spend }
  // The client makes a timer and a signal for each command, which cost a third of it. `edge.storeTimeout` limits the wait.
  const untimed = client.withCommandOptions({ timeout: undefined })
  return {
    spend,
    // The client sends the commands of one turn in one write. Its own pipeline drops all replies if one is an error.
    spendMany(nonces, lifetime) {
      // A client that is not connected keeps commands in a queue, which only their time-out keeps short.
      const sender = client.isReady ? untimed : client
      return Promise.all(nonces.map((nonce) => set(sender, nonce, lifetime).then(readReply, (error: Error) => error)))
    },
  }
}

/** Reads the reply of `SET … NX`. It has no others. The plugin does not start with a store that returns one. */
function readReply(reply: unknown): boolean {
  if (reply === 'OK') return true
  return reply === null ? false : (reply as boolean)
}

type Types = Readonly<Record<string, 'function' | 'string' | 'boolean' | 'undefined'>>

/** Each library by properties that the other does not have. Also a pipeline has `set`, which sends nothing by itself. */
const IOREDIS: Types = {
  set: 'function',
  pipeline: 'function',
  status: 'string',
  getBuiltinCommands: 'function',
  SET: 'undefined',
}
const NODE_REDIS: Types = { set: 'function', isOpen: 'boolean', SET: 'function', getBuiltinCommands: 'undefined' }

/** Of node-redis, only the client of `createClient` has a form with callbacks. A pool or a cluster has none. */
const ONE_CONNECTION: Types = { legacy: 'function', withCommandOptions: 'function', isReady: 'boolean' }

const isIoRedis = (client: unknown): client is IoRedisLike => hasTypes(client, IOREDIS)
const isNodeRedis = (client: unknown): client is NodeRedisLike => hasTypes(client, NODE_REDIS)
const isOneConnection = (client: NodeRedisLike): client is NodeRedisConnection => hasTypes(client, ONE_CONNECTION)

function hasTypes(client: unknown, types: Types): boolean {
  const properties = (client ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(types).every(([name, type]) => typeof properties[name] === type)
}
