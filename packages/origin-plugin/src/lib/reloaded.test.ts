import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkRefresh, createReloaded } from './reloaded.ts'
import { checkTextSource } from './text-source.ts'

const SECOND = 1000
/** The next answers, or the reasons why there is none. */
let read: (signal: AbortSignal) => Promise<string>
let questions = 0
let uses: string[] = []
let reports: string[] = []
let use: (text: string) => void | Promise<void>
let task: ReturnType<typeof createReloaded>

const create = (refresh = 10) =>
  createReloaded({
    name: 'keys',
    source: {
      name: 'a test',
      read: (signal) => {
        questions += 1
        return read(signal)
      },
    },
    refresh,
    use: (text) => use(text),
    report: (reason, state = 'degraded') => void reports.push(`${state}: ${reason}`),
  })
const hangs = () => new Promise<string>(() => {})

beforeEach(() => {
  vi.useFakeTimers()
  questions = 0
  uses = []
  reports = []
  read = async () => 'one'
  use = (text) => void uses.push(text)
  task = create()
})
afterEach(() => {
  task.stop()
  vi.useRealTimers()
})

describe('checkRefresh', () => {
  it('is a minute by default, and from a second to a week', () => {
    expect([undefined, 1, 604_800].map((given) => checkRefresh(given, 'it'))).toEqual([60, 1, 604_800])
    for (const given of [0.9, 604_801, '1', null]) {
      expect(() => checkRefresh(given, 'it')).toThrow('it must be a number of seconds from 1 to 604800')
    }
  })
})

describe('createReloaded', () => {
  it('asks at the start, and again after refresh seconds', async () => {
    expect(task.health()).toEqual({ state: 'failing', name: 'keys', reason: 'it is not loaded yet' })
    await task.start()
    expect(uses).toEqual(['one'])
    read = async () => 'two'
    await vi.advanceTimersByTimeAsync(10 * SECOND - 1)
    expect(uses).toEqual(['one'])
    expect(task.health()).toEqual({ state: 'ok', name: 'keys', age: 10 })
    await vi.advanceTimersByTimeAsync(1)
    expect(uses).toEqual(['one', 'two'])
    expect(task.health()).toEqual({ state: 'ok', name: 'keys', age: 0 })
    expect(reports).toEqual([])
  })

  it('does not start without the first answer, and reports nothing more than that', async () => {
    read = () => Promise.reject(new Error('it is gone'))
    await expect(task.start()).rejects.toThrow(new Error('keys cannot be loaded: it is gone'))
    expect(task.health()).toEqual({ state: 'failing', name: 'keys', reason: 'it is gone' })
    expect(reports).toEqual([])
  })

  it('does not start with an answer that cannot be used', async () => {
    use = () => Promise.reject(new TypeError('it is weak'))
    await expect(task.start()).rejects.toThrow('keys cannot be loaded: it is weak')
  })

  it('waits 5 s for the first answer, and tells the source', async () => {
    let aborted: unknown
    read = (signal) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason
      })
      return hangs()
    }
    const started = expect(task.start()).rejects.toThrow('keys cannot be loaded: no answer within 5 s')
    await vi.advanceTimersByTimeAsync(5 * SECOND - 1)
    expect(aborted).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await started
    expect(aborted).toEqual(new Error('no answer within 5 s'))
  })

  it('reports each failure and its end, and is degraded in between', async () => {
    await task.start()
    read = () => Promise.reject(new Error('it is gone'))
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect(reports).toEqual(['degraded: keys: it is gone; the last good answer stays in use'])
    expect(task.health()).toEqual({ state: 'degraded', name: 'keys', reason: 'it is gone', age: 10 })
    read = async () => 'two'
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect(reports.slice(1)).toEqual(['recovered: keys: it is loaded again'])
    expect(task.health()).toEqual({ state: 'ok', name: 'keys', age: 0 })
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect(reports).toHaveLength(2)
  })

  it('asks again after a minute if a failure comes with a long refresh', async () => {
    task = create(3600)
    await task.start()
    // The time-out of the answer is over.
    expect(vi.getTimerCount()).toBe(1)
    read = () => Promise.reject(new Error('it is gone'))
    await vi.advanceTimersByTimeAsync(3600 * SECOND - 1)
    expect(questions).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(questions).toBe(2)
    await vi.advanceTimersByTimeAsync(60 * SECOND - 1)
    expect(questions).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(questions).toBe(3)
  })

  it('gives up a call that hangs, asks again after refresh seconds, and uses no answer that comes later', async () => {
    await task.start()
    const calls: { end(text: string): void; signal: AbortSignal }[] = []
    read = (signal) => new Promise((end) => calls.push({ end, signal }))
    await vi.advanceTimersByTimeAsync(15 * SECOND)
    const hangs = 'degraded: keys: no answer within 5 s; the last good answer stays in use'
    expect([calls.length, reports]).toEqual([1, [hangs]])
    await vi.advanceTimersByTimeAsync(10 * SECOND - 1)
    expect(calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect([calls.length, reports]).toEqual([2, [hangs]])
    await vi.advanceTimersByTimeAsync(5 * SECOND)
    expect([reports, calls.map(({ signal }) => signal.aborted)]).toEqual([
      [hangs, hangs],
      [true, true],
    ])
    read = async () => 'two'
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect([uses, reports.at(-1)]).toEqual([['one', 'two'], 'recovered: keys: it is loaded again'])
    for (const { end } of calls) end('late')
    await vi.advanceTimersByTimeAsync(9 * SECOND)
    expect([uses, task.health()]).toEqual([['one', 'two'], { state: 'ok', name: 'keys', age: 9 }])
  })

  it('calls a function again while it hangs, up to 8 times, and when one of these calls has ended', async () => {
    const ends: (() => void)[] = []
    let answer: () => string | Promise<string> = () => 'one'
    read = checkTextSource(() => answer(), 'it', String).read
    await task.start()
    answer = () => new Promise((end) => ends.push(() => end('late')))
    // Each try takes 5 s, and the next one comes 10 s later.
    await vi.advanceTimersByTimeAsync(8 * 15 * SECOND)
    expect([ends.length, reports.length]).toEqual([8, 8])
    await vi.advanceTimersByTimeAsync(60 * 60 * SECOND)
    const reason =
      '8 earlier calls have not ended, although their signals aborted; pass the signal on, such as fetch(url, { signal })'
    expect([ends.length, reports.at(-1)]).toEqual([8, `degraded: keys: ${reason}; the last good answer stays in use`])
    expect(task.health()).toMatchObject({ state: 'degraded', reason })

    answer = () => 'two'
    ends[3]?.()
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect([uses, reports.at(-1)]).toEqual([['one', 'two'], 'recovered: keys: it is loaded again'])
  })

  it('ignores an exception of a call that it gave up', async () => {
    await task.start()
    let fail: (error: Error) => void = () => {}
    read = () => new Promise((_, reject) => (fail = reject))
    await vi.advanceTimersByTimeAsync(15 * SECOND)
    read = async () => 'two'
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    fail(new Error('it is gone'))
    await vi.advanceTimersByTimeAsync(SECOND)
    expect([task.health().state, reports.length]).toEqual(['ok', 2])
  })

  it('ends a start that waits, uses no later answer, and does not start again', async () => {
    read = hangs
    const started = expect(task.start()).rejects.toThrow('keys cannot be loaded: the server was closed')
    task.stop()
    await started
    expect(vi.getTimerCount()).toBe(0)
    await task.start()
    await vi.advanceTimersByTimeAsync(100 * SECOND)
    expect([questions, uses, reports]).toEqual([1, [], []])
  })

  it('asks no more after the end', async () => {
    await task.start()
    task.stop()
    await vi.advanceTimersByTimeAsync(100 * SECOND)
    expect([questions, reports, vi.getTimerCount()]).toEqual([1, [], 0])
  })
})
