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

  it('leaves words out that are as long as a token or a key, and cuts the message', () => {
    const thrown = (message: string) =>
      askOperator(() => {
        throw new Error(message)
      })
    expect(thrown(`bad ${'aB3_-.+/='.repeat(8)}, sorry`)).toBe('threw Error: "bad (long text), sorry"')
    expect(thrown('a'.repeat(32))).toBe(`threw Error: "${'a'.repeat(32)}"`)
    expect(thrown('a'.repeat(33))).toBe('threw Error: "(long text)"')
    expect(thrown('no good '.repeat(20))).toMatch(/^threw Error: "[a-z ]{99}…$/)
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
