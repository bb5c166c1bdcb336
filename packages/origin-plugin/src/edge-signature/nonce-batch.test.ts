import { describe, expect, it, onTestFinished } from 'vitest'
import { type BatchingStore, createNonceBatches, LARGEST_BATCH } from './nonce-batch.ts'
import type { StoreAnswer } from './store-answer.ts'

const unavailable = (message: string) => ({ isWrong: false, reason: `the replay store failed: "${message}"` })
const wrong = (shown: string) => ({ isWrong: true, reason: `the replay store answered ${shown}` })

/** Batches for a store with these answers. It records the batches that it gets. */
function batchesFor(spendMany: (nonces: readonly string[], batch: number) => unknown, timeout = 1000) {
  const asked: (readonly string[])[] = []
  const lifetimes = new Set<number>()
  const store = {
    spend: () => Promise.reject(new Error('spend() is not used')),
    spendMany(this: unknown, nonces: readonly string[], lifetime: number) {
      expect(this).toBe(store)
      lifetimes.add(lifetime)
      return spendMany(nonces, asked.push(nonces)) as Promise<boolean[]>
    },
  } satisfies BatchingStore
  const spend = createNonceBatches(store, 420_000, timeout)
  const ask = (nonce: string) => new Promise<StoreAnswer>((resolve) => spend(nonce, resolve))
  return { asked, lifetimes, ask, askAll: (nonces: readonly string[]) => Promise.all(nonces.map(ask)) }
}

const allFresh = async (nonces: readonly string[]) => nonces.map(() => true)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `nonce ${at}`)

describe('createNonceBatches', () => {
  it('asks once for the nonces of one turn, after it, in their order and for the lifetime', async () => {
    const { asked, lifetimes, ask } = batchesFor(allFresh)
    const answers = [ask('a')]
    await Promise.resolve()
    answers.push(ask('b'))
    expect(asked).toEqual([])
    await turn()
    expect(asked).toEqual([['a', 'b']])
    answers.push(ask('c'))
    expect(await Promise.all(answers)).toEqual([true, true, true])
    expect(asked).toEqual([['a', 'b'], ['c']])
    expect([...lifetimes]).toEqual([420_000])
  })

  it('tells each request the answer about its own nonce', async () => {
    const failure = new Error('OOM command not allowed')
    const { askAll } = batchesFor(async () => [true, false, failure, 'OK', undefined, 1])
    expect(await askAll(['a', 'b', 'c', 'd', 'e', 'f'])).toEqual([
      true,
      false,
      unavailable('OOM command not allowed'),
      wrong('a value of type string, not true or false'),
      wrong('undefined, not true or false'),
      wrong('a value of type number, not true or false'),
    ])
  })

  it('sends a full batch at once, and the next nonce in another one', async () => {
    const { asked, askAll } = batchesFor(allFresh)
    const answers = askAll(numbered(LARGEST_BATCH))
    await Promise.resolve()
    expect(asked.map(({ length }) => length)).toEqual([100])
    await answers
    expect(await askAll(numbered(2 * LARGEST_BATCH + 1))).toHaveLength(201)
    expect(asked.map(({ length }) => length)).toEqual([100, 100, 100, 1])
  })

  it('sends a batch that is not full after the turn', async () => {
    const { asked, askAll } = batchesFor(allFresh)
    const answers = askAll(numbered(LARGEST_BATCH - 1))
    expect(asked).toEqual([])
    await answers
    expect(asked.map(({ length }) => length)).toEqual([99])
  })

  it('admits one of several requests with the same nonce, and asks the store for it once', async () => {
    const { asked, askAll } = batchesFor(allFresh)
    expect(await askAll(['a', 'b', 'a', 'a', 'c'])).toEqual([true, true, false, false, true])
    expect(asked).toEqual([['a', 'b', 'c']])
  })

  it('admits none of them if the nonce is spent, or if the store cannot tell', async () => {
    const failure = new Error('READONLY')
    const { askAll } = batchesFor(async () => [false, failure, 'OK'])
    const odd = wrong('a value of type string, not true or false')
    expect(await askAll(['a', 'b', 'a', 'b', 'c', 'c'])).toEqual([
      false,
      unavailable('READONLY'),
      false,
      unavailable('READONLY'),
      odd,
      odd,
    ])
  })

  it.each<[string, unknown, string]>([
    ['fewer answers', [true, true], '2 values for 3 nonces'],
    ['one answer', [true], '1 value for 3 nonces'],
    ['none', [], '0 values for 3 nonces'],
    ['more answers', [true, true, true, true], '4 values for 3 nonces'],
    ['no list', true, 'true for 3 nonces'],
    ['nothing', undefined, 'undefined for 3 nonces'],
    ['an object with a length', { 0: true, 1: true, 2: true, length: 3 }, 'a value of type object for 3 nonces'],
    ['a text', 'yes', 'a value of type string for 3 nonces'],
  ])('believes no answer of a store with %s', async (_what, answers, shown) => {
    const { askAll } = batchesFor(async () => answers)
    expect(await askAll(['a', 'b', 'c'])).toEqual([wrong(shown), wrong(shown), wrong(shown)])
  })

  it('counts one nonce', async () => {
    const { ask } = batchesFor(async () => [])
    expect(await ask('a')).toEqual(wrong('0 values for 1 nonce'))
  })

  it('reads a hole in the list as no answer', async () => {
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case
    const { askAll } = batchesFor(async () => [true, , true])
    expect(await askAll(['a', 'b', 'c'])).toEqual([true, wrong('undefined, not true or false'), true])
  })

  it.each<[string, () => unknown, string]>([
    ['that fails', () => Promise.reject(new Error('closed')), 'closed'],
    [
      'that throws',
      () => {
        throw new Error('closed')
      },
      'closed',
    ],
    [
      'whose list cannot be read',
      async () =>
        Object.defineProperty([true, true], 1, {
          get() {
            throw new Error('unread')
          },
        }),
      'unread',
    ],
    ['that never answers', () => new Promise(() => {}), 'no answer within 20 ms'],
  ])('has no answer for any nonce with a store %s', async (_what, spendMany, message) => {
    const { askAll } = batchesFor(spendMany, 20)
    expect(await askAll(['a', 'b', 'a'])).toEqual([unavailable(message), unavailable(message), unavailable(message)])
  })

  it('fails a batch alone, and ignores its late answers', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const { askAll } = batchesFor(async (nonces, batch) => {
      if (batch === 2) return nonces.map(() => true)
      await sleep(40)
      if (batch === 1) return nonces.map(() => true)
      throw new Error('late')
    }, 20)
    const slow = askAll(['a', 'b'])
    await turn()
    expect(await askAll(['c'])).toEqual([true])
    const failing = askAll(['d'])
    expect(await slow).toEqual([unavailable('no answer within 20 ms'), unavailable('no answer within 20 ms')])
    expect(await failing).toEqual([unavailable('no answer within 20 ms')])
    await sleep(60)
    expect(unhandled).toEqual([])
  })

  it('does not let a store change the nonces of a batch', async () => {
    const { askAll } = batchesFor(async (nonces) => {
      const list = nonces as string[]
      list.reverse()
      list.length = 1
      return [true, false]
    })
    expect(await askAll(['a', 'b'])).toEqual([true, false])
  })

  it('has one timer for a batch', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const { askAll } = batchesFor(async (nonces) => {
      expect(timers() - before).toBe(1)
      return nonces.map(() => true)
    })
    expect(await askAll(numbered(50))).toEqual(new Array(50).fill(true))
  })
})
