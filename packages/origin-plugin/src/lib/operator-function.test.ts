import { describe, expect, it } from 'vitest'
import { askOperator, requireSynchronous } from './operator-function.ts'

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
