import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import type { World } from '../oracle/allowed-outcomes.ts'
import type { Pace } from './pace.ts'

/** The replay store's Redis, with outages. */
export interface RedisLane {
  readonly url: string
  /** Freezes the server and restarts it, in turn until the run ends. */
  run(pace: Pace): Promise<void>
  close(): Promise<void>
}

/** The longest outage, in milliseconds. Many requests meet it, and most of the run remains for the other lanes. */
const LONGEST = 4_000

/** Starts Redis on a port. Its outages are recorded in the world. */
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
        // No outage at the end: the measurements after the run need a healthy origin.
        if (pace.isOver()) return
        await (turn % 2 === 0 ? freeze(length) : restart(length))
      }
    },
    close: () => server.stop(),
  }
}
