import { describe, expect, it } from 'vitest'
import { type IoRedisLike, type NodeRedisLike, redisReplayStore } from './redis.ts'

/** The properties that tell the libraries apart. The clients of the libraries themselves are tested with a real server. */
const IOREDIS = { status: 'ready', getBuiltinCommands: () => ['set'], pipeline: () => {} }
const NODE_REDIS = { isOpen: true, SET: () => {} }

function client(reply: unknown, properties: object) {
  const calls: unknown[][] = []
  const set = async (...args: unknown[]) => {
    calls.push(args)
    return reply
  }
  return { calls, client: { set, ...properties } as unknown as IoRedisLike & NodeRedisLike }
}

const REFUSAL = new TypeError(
  'redisReplayStore: client must be a Redis or Cluster of ioredis, or made by createClient, createClientPool or createCluster of node-redis; for another library, pass a store of your own as edge.replay: { spend(nonce, lifetime) }',
)

describe('redisReplayStore', () => {
  it('calls set with the arguments of ioredis', async () => {
    const { client: ioredis, calls } = client('OK', IOREDIS)
    await expect(redisReplayStore(ioredis).spend('nonce', 70_000.4)).resolves.toBe(true)
    expect(calls).toEqual([['countersign:nonce:nonce', '1', 'PX', 70_001, 'NX']])
  })

  it.each([true, false])('calls set with the arguments of node-redis, connected or not: %j', async (isOpen) => {
    const { client: nodeRedis, calls } = client('OK', { ...NODE_REDIS, isOpen })
    await expect(redisReplayStore(nodeRedis, { prefix: 'pay:' }).spend('nonce', 70_000)).resolves.toBe(true)
    expect(calls).toEqual([['pay:nonce', '1', { NX: true, PX: 70_000 }]])
  })

  it.each([IOREDIS, NODE_REDIS])('reads null as spent before: %j', async (library) => {
    await expect(redisReplayStore(client(null, library).client).spend('nonce', 1)).resolves.toBe(false)
  })

  it.each([undefined, '', 'QUEUED', 1, {}])('turns no other reply into true or false: %j', async (reply) => {
    await expect(redisReplayStore(client(reply, IOREDIS).client).spend('nonce', 1)).resolves.toBe(reply)
  })

  it.each([undefined, null, {}, { set: 'x' }, 'redis', Object.assign(() => {}, NODE_REDIS)])(
    'refuses a value without set(): %j',
    (none) => {
      expect(() => redisReplayStore(none as unknown as IoRedisLike)).toThrow(REFUSAL)
    },
  )

  it.each<[string, object]>([
    ['that is neither, such as a Map', {}],
    ['of ioredis without its state', { ...IOREDIS, status: undefined }],
    ['of ioredis without pipelines', { ...IOREDIS, pipeline: undefined }],
    ['of ioredis without its list of commands', { ...IOREDIS, getBuiltinCommands: undefined }],
    ['of node-redis without its state', { ...NODE_REDIS, isOpen: undefined }],
    ['of node-redis without its commands in capitals', { ...NODE_REDIS, SET: undefined }],
    ['with the properties of both', { ...IOREDIS, ...NODE_REDIS }],
    ['of a transaction of node-redis', { SET: () => {}, exec: () => {} }],
  ])('refuses a client %s', (_name, properties) => {
    expect(() => redisReplayStore(client('OK', properties).client)).toThrow(REFUSAL)
  })
})

/** A client of ioredis whose pipeline has these results. */
function pipelining(results: unknown, properties: object = {}) {
  const sent: unknown[][] = []
  const pipeline = () => {
    const commands: unknown[] = []
    return {
      set: (...args: unknown[]) => commands.push(args),
      exec: async () => {
        sent.push(commands)
        return results
      },
    }
  }
  const { client: ioredis, calls } = client('OK', { ...IOREDIS, pipeline, ...properties })
  return { sent, calls, store: redisReplayStore(ioredis, { prefix: 'pay:' }) }
}

describe('redisReplayStore with several nonces', () => {
  it('sends one pipeline of ioredis, and reads the reply or the error of each', async () => {
    const failure = new Error('OOM')
    const { sent, calls, store } = pipelining([
      [null, 'OK'],
      [null, null],
      [failure, undefined],
      [null, 'QUEUED'],
      [null],
    ])
    await expect(store.spendMany?.(['a', 'b', 'c', 'd', 'e'], 70_000.4)).resolves.toEqual([
      true,
      false,
      failure,
      'QUEUED',
      undefined,
    ])
    expect(sent).toEqual([['a', 'b', 'c', 'd', 'e'].map((nonce) => [`pay:${nonce}`, '1', 'PX', 70_001, 'NX'])])
    expect(calls).toEqual([])
  })

  it('sends one nonce to ioredis without a pipeline', async () => {
    const { sent, calls, store } = pipelining([[null, 'QUEUED']])
    await expect(store.spendMany?.(['a'], 70_000.4)).resolves.toEqual([true])
    expect(calls).toEqual([['pay:a', '1', 'PX', 70_001, 'NX']])
    expect(sent).toEqual([])
  })

  it('has no answer without the replies of a pipeline', async () => {
    await expect(pipelining(null).store.spendMany?.(['a', 'b'], 1)).resolves.toEqual([])
  })

  it.each([true, false])(
    'leaves the commands of one turn to createClient of node-redis, without their time-outs if it is ready: %j',
    async (isReady) => {
      const failure = new Error('READONLY')
      const replies: unknown[] = ['OK', null, failure, 'QUEUED']
      const calls: unknown[][] = []
      const setterOf = (timed: string) => async (key: string, value: string, options: object) => {
        const reply = replies[calls.push([timed, key, value, options]) - 1]
        if (reply instanceof Error) throw reply
        return reply
      }
      const nodeRedis = {
        ...NODE_REDIS,
        isReady,
        set: setterOf('with a time-out'),
        legacy: () => {},
        withCommandOptions: (options: object) => ({ set: setterOf(JSON.stringify(Object.entries(options))) }),
      } as unknown as NodeRedisLike
      const store = redisReplayStore(nodeRedis)
      await expect(store.spendMany?.(['a', 'b', 'c', 'd'], 70_000.4)).resolves.toEqual([true, false, failure, 'QUEUED'])
      const timed = isReady ? '[["timeout",null]]' : 'with a time-out'
      expect(calls).toEqual(
        ['a', 'b', 'c', 'd'].map((nonce) => [timed, `countersign:nonce:${nonce}`, '1', { NX: true, PX: 70_001 }]),
      )
      replies.push('OK')
      await expect(store.spend('e', 1)).resolves.toBe(true)
      expect(calls[4]?.[0]).toBe('with a time-out')
    },
  )

  it('sends each nonce by itself to a cluster or a pool', () => {
    expect(pipelining([], { isCluster: true }).store.spendMany).toBeUndefined()
    expect(redisReplayStore(client('OK', NODE_REDIS).client).spendMany).toBeUndefined()
  })
})
