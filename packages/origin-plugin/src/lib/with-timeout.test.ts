import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { withTimeout } from './with-timeout.ts'

const never = () => new Promise<never>(() => {})

describe('withTimeout', () => {
  it('gives the answer, of a promise of any library or of none', async () => {
    expect(await withTimeout(async () => 'a', 1000)).toBe('a')
    expect(await withTimeout(() => 'b', 1000)).toBe('b')
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    const other = { then: (settle: (value: string) => void) => settle('c') } as PromiseLike<string>
    expect(await withTimeout(() => other, 1000)).toBe('c')
  })

  it('fails as the call does', async () => {
    const failure = new Error('no')
    await expect(withTimeout(() => Promise.reject(failure), 1000)).rejects.toBe(failure)
    await expect(
      withTimeout(() => {
        throw failure
      }, 1000),
    ).rejects.toBe(failure)
  })

  it('fails after the time, and aborts the signal with the same error', async () => {
    let seen: AbortSignal | undefined
    const late = withTimeout((signal) => {
      seen = signal
      return never()
    }, 20)
    expect(seen?.aborted).toBe(false)
    await expect(late).rejects.toThrow(new Error('no answer within 20 ms'))
    expect(seen?.aborted).toBe(true)
    expect(seen?.reason).toEqual(new Error('no answer within 20 ms'))
  })

  it('does not abort the signal of a call that answered', async () => {
    let seen: AbortSignal | undefined
    await withTimeout(async (signal) => {
      seen = signal
    }, 10)
    await sleep(30)
    expect(seen?.aborted).toBe(false)
  })

  it('ignores a failure that comes too late', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    const slow = withTimeout(async () => {
      await sleep(40)
      throw new Error('late')
    }, 10)
    await expect(slow).rejects.toThrow('no answer within 10 ms')
    await sleep(60)
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })
})
