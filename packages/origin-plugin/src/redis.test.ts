import { describe, expect, it } from 'vitest'
import { type IoRedisLike, type NodeRedisLike, redisReplayStore } from './redis.ts'

/** The shape of each client's `set`; a real server answers in the workspace's tests with Redis. */
function client(reply: unknown, isNodeRedis: boolean) {
  const calls: unknown[][] = []
  const set = async (...args: unknown[]) => {
    calls.push(args)
    return reply
  }
  return { calls, client: (isNodeRedis ? { set, isReady: true } : { set }) as unknown as IoRedisLike & NodeRedisLike }
}

describe('redisReplayStore', () => {
  it('calls set with the arguments of ioredis', async () => {
    const { client: ioredis, calls } = client('OK', false)
    await expect(redisReplayStore(ioredis).spend('nonce', 70_000.4)).resolves.toBe(true)
    expect(calls).toEqual([['countersign:nonce:nonce', '1', 'PX', 70_001, 'NX']])
  })

  it('calls set with the arguments of node-redis', async () => {
    const { client: nodeRedis, calls } = client('OK', true)
    await expect(redisReplayStore(nodeRedis, { prefix: 'pay:' }).spend('nonce', 70_000)).resolves.toBe(true)
    expect(calls).toEqual([['pay:nonce', '1', { NX: true, PX: 70_000 }]])
  })

  it.each([false, true])('reads null as spent before (node-redis: %s)', async (isNodeRedis) => {
    await expect(redisReplayStore(client(null, isNodeRedis).client).spend('nonce', 1)).resolves.toBe(false)
  })

  it.each([undefined, '', 'QUEUED', 1, true, {}])('accepts no other reply: %j', async (reply) => {
    await expect(redisReplayStore(client(reply, false).client).spend('nonce', 1)).rejects.toThrow(
      'an unknown reply to SET',
    )
  })

  it.each([undefined, null, {}, { set: 'x' }])('refuses a value that is not a client: %j', (none) => {
    expect(() => redisReplayStore(none as unknown as IoRedisLike)).toThrow(
      new TypeError('redisReplayStore: client must be an ioredis or node-redis client, which has the method set()'),
    )
  })
})
