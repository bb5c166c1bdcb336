import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { createCheckedStore, type ReplayStoreUse } from './checked-store.ts'
import type { ReplayStore } from './replay-store.ts'

const NONCE = 'BBBBBBBBBBBBBBBBBBBBBB'
const UNFIT = 'the replay store does not detect replays: it answered'

type Answer = (nonce: string, call: number) => unknown

/** A store with these answers, with a patience in ms. It records its calls. */
function use(answer: Answer, changes: Partial<ReplayStoreUse> = {}, patience = 100) {
  const asked: [string, number][] = []
  const warnings: string[] = []
  const store: ReplayStore = {
    spend: (nonce, lifetime) => answer(nonce, asked.push([nonce, lifetime])) as Promise<boolean>,
  }
  const checked = createCheckedStore(
    {
      store,
      lifetime: 420_000,
      timeout: 40,
      onUnavailable: 'refuse',
      report: (reason, state = 'degraded') => warnings.push(state === 'degraded' ? reason : `${state}: ${reason}`),
      ...changes,
    },
    { patience, interval: 1 },
  )
  return { asked, warnings, checked }
}

/** The answers of a store that works. */
function working(): Answer {
  const spent = new Set<string>()
  return async (nonce) => !spent.has(nonce) && spent.add(nonce) === spent
}

const ACCEPT = { onUnavailable: 'accept' } as const
const down = () => Promise.reject(new Error('READONLY'))

/** Waits longer than a check tries. An unhandled rejection in between would fail the run. */
const later = () => new Promise((resolve) => setTimeout(resolve, 100))

describe('the start of a checked store', () => {
  it('spends one random nonce twice, for the lifetime of every other', async () => {
    const { asked, warnings, checked } = use(working())
    await checked.start()
    expect(asked).toEqual([
      [expect.stringMatching(/^[A-Za-z0-9_-]{21}[AQgw]$/), 420_000],
      [asked[0]?.[0], 420_000],
    ])
    const other = use(working())
    await other.checked.start()
    expect(other.asked[0]?.[0]).not.toBe(asked[0]?.[0])
    expect(warnings).toEqual([])
  })

  it.each<[string, Answer, string]>([
    ['accepts everything', async () => true, 'true and then true'],
    ['refuses everything', async () => false, 'false and then false'],
    ['answers the wrong way round', async (_nonce, call) => call > 1, 'false and then true'],
    ['answers nothing', async () => undefined, 'undefined and then undefined'],
    ['answers null', async () => null, 'null and then null'],
    ['answers with the reply of Redis', async () => 'OK', 'a value of type string and then a value of type string'],
    ['answers 1 and 0', async (_nonce, call) => 2 - call, 'a value of type number and then a value of type number'],
    ['answers without a promise', () => true, 'true and then true'],
  ])('fails with a store that %s, also with accept', async (_what, answer, shown) => {
    for (const changes of [{}, ACCEPT]) {
      const { checked, warnings } = use(answer, changes)
      await expect(checked.start()).rejects.toThrow(
        new TypeError(
          `edge.replay: ${UNFIT} ${shown} for one nonce; spend() must return true for a fresh nonce, and false after that`,
        ),
      )
      expect(warnings).toEqual([])
    }
  })

  it('waits for a client that is still connecting', async () => {
    const fit = working()
    // Patient, because five attempts take longer than 100 ms on a busy machine.
    const { checked, asked } = use((nonce, call) => (call < 4 ? down() : fit(nonce, call)), {}, 10_000)
    await checked.start()
    expect(asked).toHaveLength(5)
  })

  it.each<[string, Answer, string]>([
    ['fails', down, 'the replay store failed: "READONLY"'],
    ['never answers', () => new Promise(() => {}), 'the replay store failed: "no answer within 40 ms"'],
    ['fails at the second time', (_nonce, call) => (call % 2 ? true : down()), 'the replay store failed: "READONLY"'],
  ])('fails with a store that %s, or only warns with accept', async (_what, answer, reason) => {
    await expect(use(answer).checked.start()).rejects.toThrow(
      new Error(
        `edge.replay: ${reason}; connect the store's client before the server starts, or write onStoreUnavailable: "accept" to start without replay protection`,
      ),
    )
    const { checked, warnings } = use(answer, ACCEPT)
    await checked.start()
    expect(warnings).toEqual([reason])
  })

  it('pauses between two attempts', async () => {
    let attempts = 0
    const spend = () => {
      attempts += 1
      return Promise.reject(new Error('READONLY'))
    }
    const settings = { store: { spend }, lifetime: 1, timeout: 40, onUnavailable: 'accept', report: () => {} } as const
    await createCheckedStore(settings, { patience: 100, interval: 60 }).start()
    expect(attempts).toBeLessThanOrEqual(2)
  })

  it('waits for one answer no longer than its patience', async () => {
    const { checked } = use(() => new Promise(() => {}), { timeout: 60_000 })
    await expect(checked.start()).rejects.toThrow('no answer within 100 ms')
  })
})

describe('a checked store', () => {
  it('accepts a nonce once', async () => {
    const { asked, checked } = use(working())
    await checked.start()
    await expect(checked.spend(NONCE)).resolves.toBeUndefined()
    await expect(checked.spend(NONCE)).rejects.toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(asked.slice(2)).toEqual([
      [NONCE, 420_000],
      [NONCE, 420_000],
    ])
  })

  it('does not accept a replay where an unavailable store would be accepted', async () => {
    const { checked } = use(working(), ACCEPT)
    await checked.start()
    await checked.spend(NONCE)
    await expect(checked.spend(NONCE)).rejects.toMatchObject({ code: 'CSN_SIGNATURE_REPLAYED' })
  })

  it.each([undefined, 1, 'OK', null])(
    'refuses a request, also with accept, if the answer is neither true nor false: %j',
    async (reply) => {
      const fit = working()
      const { checked } = use((nonce, call) => (call > 2 ? reply : fit(nonce, call)), ACCEPT)
      await checked.start()
      const shown = reply == null ? String(reply) : `a value of type ${typeof reply}`
      await expect(checked.spend(NONCE)).rejects.toThrow(
        refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', `the replay store answered ${shown}, not true or false`),
      )
    },
  )

  it.each<[string, () => unknown, string]>([
    ['that fails', down, 'the replay store failed: "READONLY"'],
    [
      'that throws',
      () => {
        throw new Error('closed')
      },
      'the replay store failed: "closed"',
    ],
    [
      'whose error quotes a password',
      () => Promise.reject(new Error(`WRONGPASS ${'0123456789abcdef'.repeat(2)}`)),
      'the replay store failed: "WRONGPASS (long text)"',
    ],
    ['that fails with no error', () => Promise.reject('down'), 'the replay store failed: unknown'],
    ['that never answers', () => new Promise(() => {}), 'the replay store failed: "no answer within 40 ms"'],
  ])('refuses as unavailable with a store %s, or accepts and warns', async (_what, fail, reason) => {
    for (const changes of [{}, ACCEPT]) {
      const fit = working()
      const { checked, warnings } = use((nonce, call) => (call > 2 ? fail() : fit(nonce, call)), changes)
      await checked.start()
      for (const nonce of [NONCE, NONCE]) {
        const spent = checked.spend(nonce)
        if (changes === ACCEPT) await expect(spent).resolves.toBeUndefined()
        else await expect(spent).rejects.toThrow(refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', reason))
      }
      // Each request without protection is reported. A refused one has a line of its own.
      expect(warnings).toEqual(changes === ACCEPT ? [reason, reason] : [reason])
    }
  })

  it.each([
    ['refuse', 'failing'],
    ['accept', 'degraded'],
  ] as const)('reports the end of a failure, and is healthy again: %s', async (onUnavailable, state) => {
    const fit = working()
    let isDown = false
    const { checked, warnings } = use((nonce, call) => (isDown ? down() : fit(nonce, call)), { onUnavailable })
    await checked.start()
    expect(checked.health()).toEqual({ state: 'ok', name: 'the replay store' })
    isDown = true
    await checked.spend(NONCE).catch(() => {})
    const reason = 'the replay store failed: "READONLY"'
    expect(checked.health()).toEqual({ state, name: 'the replay store', reason })
    isDown = false
    await checked.spend(NONCE)
    expect(checked.health()).toEqual({ state: 'ok', name: 'the replay store' })
    expect(warnings).toEqual([reason, 'recovered: the replay store answers again'])
  })

  it('is failing while it is wrong, also if it may be unavailable', async () => {
    const fit = working()
    const { checked, warnings } = use((nonce, call) => (call > 2 ? 'OK' : fit(nonce, call)) as never, ACCEPT)
    await checked.start()
    await checked.spend(NONCE).catch(() => {})
    const reason = 'the replay store answered a value of type string, not true or false'
    expect([checked.health(), warnings]).toEqual([{ state: 'failing', name: 'the replay store', reason }, [reason]])
  })

  it('leaves no timer behind for a store that throws or fails', async () => {
    const fit = working()
    const fail = (call: number) => {
      if (call % 2) throw new Error('closed')
      return down()
    }
    const { checked } = use((nonce, call) => (call > 2 ? fail(call) : fit(nonce, call)), { timeout: 60_000 })
    await checked.start()
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    for (let at = 0; at < 20; at += 1) await checked.spend(NONCE).catch(() => {})
    expect(timers() - before).toBeLessThan(5)
  })

  it('ignores an answer after the time-out', async () => {
    const fit = working()
    const late = () => new Promise<boolean>((_resolve, reject) => setTimeout(() => reject(new Error('late')), 60))
    const { checked } = use((nonce, call) => (call > 2 ? late() : fit(nonce, call)))
    await checked.start()
    await expect(checked.spend(NONCE)).rejects.toMatchObject({ code: 'CSN_REPLAY_STORE_UNAVAILABLE' })
    await later()
  })

  it('waits for the promise of another realm, and for any object with then()', async () => {
    const spent = new Set<string>()
    const { checked } = use((nonce) => {
      const isFresh = !spent.has(nonce)
      spent.add(nonce)
      // biome-ignore lint/suspicious/noThenProperty: the promise of another library, which has nothing but then()
      const thenable = { then: (done: (fresh: boolean) => void) => void setImmediate(done, isFresh) }
      return spent.size % 2 ? thenable : runInNewContext(`Promise.resolve(${isFresh})`)
    })
    await checked.start()
    for (const nonce of [NONCE, 'CCCCCCCCCCCCCCCCCCCCCC']) {
      await expect(checked.spend(nonce)).resolves.toBeUndefined()
      await expect(checked.spend(nonce)).rejects.toMatchObject({ code: 'CSN_SIGNATURE_REPLAYED' })
    }
  })
})

describe('a store that was unavailable at the start, with accept', () => {
  it('is checked by the first requests that reach it, once', async () => {
    let answer: Answer = down
    const { asked, checked, warnings } = use((nonce, call) => answer(nonce, call), ACCEPT)
    await checked.start()
    await expect(checked.spend(NONCE)).resolves.toBeUndefined()
    expect(warnings).toEqual(['the replay store failed: "READONLY"', 'the replay store failed: "READONLY"'])
    answer = working()
    const before = asked.length
    await Promise.all(['D', 'E', 'F'].map((letter) => checked.spend(letter.repeat(22))))
    await expect(checked.spend('D'.repeat(22))).rejects.toMatchObject({ code: 'CSN_SIGNATURE_REPLAYED' })
    expect(asked.length - before).toBe(2 + 4)
  })

  it('refuses every request if it does not detect replays', async () => {
    let answer: Answer = down
    const { checked } = use((nonce, call) => answer(nonce, call), ACCEPT)
    await checked.start()
    answer = async () => true
    for (let time = 0; time < 2; time += 1) {
      await expect(checked.spend(NONCE)).rejects.toThrow(
        refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', `${UNFIT} true and then true for one nonce`),
      )
    }
  })
})

/** The answers of a store that works, for its two methods. */
function batching() {
  const spent = new Set<string>()
  const isFresh = (nonce: string) => !spent.has(nonce) && spent.add(nonce) === spent
  const calls: string[] = []
  const store = {
    async spend(nonce: string) {
      calls.push('one')
      return isFresh(nonce)
    },
    async spendMany(nonces: readonly string[], lifetime: number): Promise<readonly (boolean | Error)[]> {
      calls.push(`${nonces.length} for ${lifetime}`)
      return nonces.map(isFresh)
    },
  }
  return { calls, store }
}

const IN_ORDER =
  'spendMany() must return an array with true for each fresh nonce and false for each spent one, in the order of the nonces'

describe('a checked store with spendMany', () => {
  it('starts after both methods detected a replay of the other, and uses spendMany alone', async () => {
    const { calls, store } = batching()
    const { checked } = use(() => {}, { store })
    await checked.start()
    expect(calls).toEqual(['one', 'one', '2 for 420000', '2 for 420000'])
    const nonces = ['D', 'E', 'D', 'F'].map((letter) => letter.repeat(22))
    const outcomes = await Promise.allSettled(nonces.map((nonce) => checked.spend(nonce)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    await expect(checked.spend(nonces[1] as string)).rejects.toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(calls.slice(4)).toEqual(['3 for 420000', '1 for 420000'])
  })

  it.each<[string, (fresh: readonly boolean[]) => unknown, string]>([
    [
      'accepts all',
      (fresh) => fresh.map(() => true),
      'does not detect replays in a batch: it answered true and true for a spent nonce and a fresh nonce',
    ],
    [
      'refuses all',
      (fresh) => fresh.map(() => false),
      'does not detect replays in a batch: it answered false and false for a spent nonce and a fresh nonce',
    ],
    [
      'answers in another order',
      (fresh) => [...fresh].sort(),
      'does not detect replays in a batch: it answered false and true for a fresh nonce and a spent nonce',
    ],
    [
      'answers with 1 and 0',
      (fresh) => fresh.map(Number),
      'does not detect replays in a batch: it answered a value of type number and a value of type number for a spent nonce and a fresh nonce',
    ],
    ['has the answer about the first alone', ([first]) => [first], 'answered 1 value for a batch of 2 nonces'],
    ['has no list', () => true, 'answered true for a batch of 2 nonces'],
    [
      'has a hole',
      ([first]) => Object.assign([first], { length: 2 }),
      'does not detect replays in a batch: it answered false and undefined for a spent nonce and a fresh nonce',
    ],
  ])('does not start if spendMany %s, also with accept', async (_what, change, reason) => {
    for (const changes of [{}, ACCEPT]) {
      const { store } = batching()
      const spendMany = async (nonces: readonly string[], lifetime: number) =>
        change((await store.spendMany(nonces, lifetime)) as boolean[]) as boolean[]
      const { checked } = use(() => {}, { store: { ...store, spendMany }, ...changes })
      await expect(checked.start()).rejects.toThrow(
        new TypeError(`edge.replay: the replay store ${reason}; ${IN_ORDER}`),
      )
    }
  })

  it('does not start if the methods do not share their memory', async () => {
    const { spend } = batching().store
    const { spendMany } = batching().store
    const { checked } = use(() => {}, { store: { spend, spendMany } })
    await expect(checked.start()).rejects.toThrow('it answered true and true for a spent nonce and a fresh nonce')
  })

  it.each<[string, () => Promise<readonly Error[]>]>([
    ['fails', () => Promise.reject(new Error('READONLY'))],
    ['fails for one nonce', async () => [new Error('READONLY'), new Error('other')]],
  ])('is unavailable at the start if spendMany %s', async (_what, spendMany) => {
    const { store } = batching()
    const { checked } = use(() => {}, { store: { ...store, spendMany } })
    await expect(checked.start()).rejects.toThrow(
      /^edge\.replay: the replay store failed: "READONLY"; connect the store's client/,
    )
  })

  it('decides each request of a batch by its own answer, also with accept', async () => {
    for (const onUnavailable of ['refuse', 'accept'] as const) {
      const { store } = batching()
      let answers: unknown
      const spendMany: typeof store.spendMany = async (...asked) =>
        (answers as boolean[] | undefined) ?? store.spendMany(...asked)
      const { checked, warnings } = use(() => {}, { store: { ...store, spendMany }, onUnavailable })
      await checked.start()
      answers = [true, new Error('OOM'), false, 'OK']
      const outcomes = await Promise.allSettled(['D', 'E', 'F', 'G'].map((letter) => checked.spend(letter.repeat(22))))
      expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'in' : outcome.reason.code))).toEqual([
        'in',
        onUnavailable === 'accept' ? 'in' : 'CSN_REPLAY_STORE_UNAVAILABLE',
        'CSN_SIGNATURE_REPLAYED',
        'CSN_REPLAY_STORE_UNAVAILABLE',
      ])
      expect(warnings).toEqual([
        'the replay store failed: "OOM"',
        'recovered: the replay store answers again',
        'the replay store answered a value of type string, not true or false',
      ])
      expect(checked.health()).toMatchObject({ state: 'failing' })
    }
  })

  it('answers every request of a batch, also if a report throws', async () => {
    const { store } = batching()
    const failure = new Error('the log is closed')
    let isDown = false
    const spendMany: typeof store.spendMany = async (...asked) =>
      isDown ? [new Error('OOM'), true] : store.spendMany(...asked)
    const { checked } = use(() => {}, {
      store: { ...store, spendMany },
      report() {
        throw failure
      },
    })
    await checked.start()
    isDown = true
    const outcomes = await Promise.allSettled([checked.spend('D'.repeat(22)), checked.spend('E'.repeat(22))])
    expect(outcomes).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: undefined },
    ])
  })

  it('has one time-out for a batch', async () => {
    const { store } = batching()
    let isDown = false
    const spendMany: typeof store.spendMany = (...asked) => (isDown ? new Promise(() => {}) : store.spendMany(...asked))
    const { checked } = use(() => {}, { store: { ...store, spendMany } })
    await checked.start()
    isDown = true
    const outcomes = [checked.spend('D'.repeat(22)), checked.spend('E'.repeat(22))].map((spent) =>
      expect(spent).rejects.toThrow(
        refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', 'the replay store failed: "no answer within 40 ms"'),
      ),
    )
    await Promise.all(outcomes)
  })
})
