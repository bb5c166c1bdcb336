import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import type { World } from '../oracle/allowed-outcomes.ts'
import type { Pace } from './pace.ts'

/** The replay store's server, with everything that can happen to it. */
export interface RedisLane {
  readonly url: string
  run(pace: Pace): Promise<void>
  close(): Promise<void>
}

/** Enough for requests to run into it, and not so much that the rest of the run is about nothing else. Milliseconds. */
const LONGEST = 4_000

/** Starts it. */
export async function startRedisLane(port: number, world: World): Promise<RedisLane> {
  let server: RedisServer = await startRedis(port)
  const outages = world.redisOutages

  async function freeze(length: number): Promise<void> {
    outages.begin()
    server.freeze()
    outages.solidify()
    await sleep(length)
    outages.wane()
    server.thaw()
    outages.end()
  }
  async function restart(length: number): Promise<void> {
    outages.begin()
    await server.stop()
    outages.solidify()
    await sleep(length)
    outages.wane()
    world.redisForgotAt = performance.now()
    server = await startRedis(port)
    outages.end()
  }

  return {
    url: server.url,
    async run(pace) {
      const length = Math.min(2 * pace.beat, LONGEST)
      for (let turn = 0; !pace.isOver(); turn += 1) {
        await pace.wait(5)
        // No outage at the end: what follows is measured on an origin in good health.
        if (pace.isOver()) return
        await (turn % 2 === 0 ? freeze(length) : restart(length))
      }
    },
    close: () => server.stop(),
  }
}
