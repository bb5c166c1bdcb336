import countersign, { type CountersignPluginOptions, type ReplayStore } from '@countersign/origin-plugin'
import { redisReplayStore } from '@countersign/origin-plugin/redis'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'

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
    async build({ keys, access, clientCa, redis }) {
      if (redis === undefined) throw new TypeError('sample.redis is missing; pass the URL of a Redis')
      const app = Fastify()
      const edge = { keys, hosts: [AUTHORITY], replay: await connect(redis) }
      await app.register(countersign, { edge, access, trustedIssuers: [clientCa] } as CountersignPluginOptions)
      app.get('/', { config: { clientCert: { subject: { CN: 'alice', O: 'Acme' } } } }, () => ({ ok: true }))
      return app
    },
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
