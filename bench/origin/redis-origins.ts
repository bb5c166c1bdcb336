import type { ReplayStore } from '@countersign/origin-plugin'
import { redisReplayStore } from '@countersign/origin-plugin/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'
import { ours } from './ours.ts'

/** The plugin in full, with a store in Redis. */
export const REDIS_ORIGINS: Readonly<Record<string, Contender>> = {
  'Countersign, replay in Redis (ioredis)': withStore(connectIoRedis),
  'Countersign, replay in Redis (node-redis)': withStore(connectNodeRedis),
  'Countersign, replay in Redis (ioredis), one by one': withStore(async (url) => oneByOne(await connectIoRedis(url))),
  'Countersign, replay in Redis (node-redis), one by one': withStore(async (url) =>
    oneByOne(await connectNodeRedis(url)),
  ),
}

function withStore(connect: (url: string) => Promise<ReplayStore>): Contender {
  return {
    checks: 'HMAC signature, token, certificate, guard, replay in Redis',
    load: 'hmac',
    needsRedis: true,
    build: ours(async ({ keys, redis }) => {
      if (redis === undefined) throw new TypeError('sample.redis is missing; pass the URL of a Redis')
      return { edge: { keys, hosts: [AUTHORITY], replay: await connect(redis) } }
    }),
  }
}

async function connectIoRedis(url: string): Promise<ReplayStore> {
  const client = new Redis(url, { lazyConnect: true, enableOfflineQueue: false })
  await client.connect()
  return redisReplayStore(client)
}

async function connectNodeRedis(url: string): Promise<ReplayStore> {
  return redisReplayStore(await createClient({ url, disableOfflineQueue: true }).connect())
}

/** A store as it was without batches, for comparison: each request sends its command by itself. */
const oneByOne = ({ spend }: ReplayStore): ReplayStore => ({ spend })
