import type { ReplayStore } from '@countersign/origin-plugin'
import { redisReplayStore } from '@countersign/origin-plugin/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** A replay store over a client of its own. */
export interface ConnectedStore {
  readonly store: ReplayStore
  close(): void
}

/** The clients that people use, each set up to fail fast while it is disconnected. */
export const CLIENTS: Readonly<Record<'ioredis' | 'redis', (url: string) => Promise<ConnectedStore>>> = {
  async ioredis(url) {
    const client = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 50,
    })
    client.on('error', () => {})
    await client.connect()
    return { store: redisReplayStore(client), close: () => client.disconnect() }
  },
  async redis(url) {
    const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } })
    client.on('error', () => {})
    await client.connect()
    return { store: redisReplayStore(client), close: () => client.destroy() }
  },
}
