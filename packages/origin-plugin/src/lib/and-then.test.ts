import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { andThen, isThenable } from './and-then.ts'

describe('andThen', () => {
  it('calls next immediately with a value that is not a promise', () => {
    expect(andThen(2, (value) => value + 1)).toBe(3)
    expect(andThen(null, (value) => value)).toBeNull()
    expect(andThen(undefined, () => 'next')).toBe('next')
  })

  it('waits for a promise, and skips next if it rejects', async () => {
    await expect(andThen(Promise.resolve(2), (value) => value + 1)).resolves.toBe(3)
    const failed = andThen(Promise.reject(new Error('no')), () => expect.fail('next was called'))
    await expect(failed).rejects.toThrow('no')
  })

  it('waits for a promise of another realm, and for any object with then()', async () => {
    const foreign = runInNewContext('Promise.resolve(2)') as Promise<number>
    expect(foreign).not.toBeInstanceOf(Promise)
    await expect(andThen(foreign, (value) => value + 1)).resolves.toBe(3)
    // biome-ignore lint/suspicious/noThenProperty: the promise of another library
    const thenable = { then: (done: (value: number) => unknown) => done(2) } as PromiseLike<number>
    await expect(andThen(thenable, (value) => value + 1)).resolves.toBe(3)
  })
})

describe('isThenable', () => {
  it.each([undefined, null, 0, 'then', {}, () => {}])('is false for %j', (value) => {
    expect(isThenable(value)).toBe(false)
  })
})
