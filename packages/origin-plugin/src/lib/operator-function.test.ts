import { describe, expect, it } from 'vitest'
import { askOperator, callSource, createCallLimit, MAX_HANGING_CALLS, requireSynchronous } from './operator-function.ts'

describe('askOperator', () => {
  it('returns the answer, or the fault of a function without one', () => {
    expect(askOperator(() => true)).toBe(true)
    expect(askOperator(() => false)).toBe(false)
    for (const other of [1, 'true', null, undefined, {}]) {
      expect(askOperator(() => other)).toBeUndefined()
    }
    const fail = (thrown: unknown) => () => {
      throw thrown
    }
    expect(askOperator(fail(new RangeError('no "ops"\n')))).toBe('threw RangeError: "no \\"ops\\"\\n"')
    expect(askOperator(fail(new RangeError()))).toBe('threw RangeError')
    expect(askOperator(fail('secret'))).toBe('threw a value')
    expect(
      askOperator(fail(Object.assign(new Error('secret'), { name: Symbol('secret'), message: Symbol('secret') }))),
    ).toBe('threw a value')
    const trap = Object.defineProperty({}, 'then', { get: fail(new RangeError('secret')) })
    expect(askOperator(() => trap)).toBe('threw RangeError: "secret"')
  })

  it('keeps a promise that rejects, and anything like one, from ending the process', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    askOperator(() => Promise.reject(new Error('late')))
    // biome-ignore lint/suspicious/noThenProperty: a library's own kind of promise
    askOperator(() => ({ then: (_resolve: unknown, reject: (reason: Error) => void) => reject(new Error('late')) }))
    for (const other of [true, null, undefined, {}, 'then']) askOperator(() => other)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })
})

describe('requireSynchronous', () => {
  it('refuses an async function, and no other', () => {
    expect(() => requireSynchronous(async () => true, 'access.matches')).toThrow('access.matches must be synchronous')
    expect(() => requireSynchronous(() => true, 'access.matches')).not.toThrow()
  })
})

describe('createCallLimit', () => {
  it('refuses a call while earlier ones hang, and admits it after the end of one, good or bad', async () => {
    const limit = createCallLimit(2, 'two hang')
    const ends: { resolve(answer: string): void; reject(error: Error): void }[] = []
    const calls = [new AbortController(), new AbortController(), new AbortController()] as const
    const ask = ({ signal }: AbortController) =>
      limit(signal, () => new Promise<string>((resolve, reject) => ends.push({ resolve, reject })))
    const answers = calls.map(ask)
    calls[0].abort()
    answers.push(ask(new AbortController()))
    calls[1].abort()
    await expect(ask(new AbortController())).rejects.toEqual(new Error('two hang'))
    expect(ends).toHaveLength(4)

    ends[0]?.resolve('late')
    expect(await answers[0]).toBe('late')
    answers.push(ask(new AbortController()))
    calls[2].abort()
    await expect(ask(new AbortController())).rejects.toEqual(new Error('two hang'))

    ends[1]?.reject(new Error('it is gone'))
    await expect(answers[1]).rejects.toThrow('it is gone')
    ends[4]?.resolve('in time')
    expect(await answers[4]).toBe('in time')
    expect(await limit(calls[0].signal, async () => 'one more')).toBe('one more')
  })
})

describe('callSource', () => {
  const hangs = () => new Promise<never>(() => {})

  it('calls no function of which 8 calls hang, and each other function', async () => {
    let calls = 0
    const source = () => {
      calls += 1
      return hangs()
    }
    const controllers = Array.from({ length: 20 }, () => new AbortController())
    for (const { signal } of controllers) void callSource(source, signal)
    for (const each of controllers.slice(0, 7)) each.abort()
    void callSource(source, new AbortController().signal)
    expect([MAX_HANGING_CALLS, calls]).toEqual([8, 21])
    controllers[7]?.abort()
    await expect(callSource(source, new AbortController().signal)).rejects.toEqual(
      new Error(
        '8 earlier calls have not ended, although their signals aborted; pass the signal on, such as fetch(url, { signal })',
      ),
    )
    expect(calls).toBe(21)
    expect(await callSource(() => 'other', new AbortController().signal)).toBe('other')
  })

  it('does not count the calls of a function that throws', async () => {
    const source = () => {
      throw new Error('it is gone')
    }
    for (let call = 0; call <= MAX_HANGING_CALLS; call += 1) {
      await expect(callSource(source, AbortSignal.abort())).rejects.toEqual(new Error('it threw "it is gone"'))
    }
  })
})
