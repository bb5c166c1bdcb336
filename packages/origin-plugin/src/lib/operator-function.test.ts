import { describe, expect, it } from 'vitest'
import { ignoreRejection, requireSynchronous } from './operator-function.ts'

describe('ignoreRejection', () => {
  it('keeps a promise that rejects, and anything like one, from ending the process', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    ignoreRejection(Promise.reject(new Error('late')))
    // biome-ignore lint/suspicious/noThenProperty: a library's own kind of promise
    ignoreRejection({ then: (_resolve: unknown, reject: (reason: Error) => void) => reject(new Error('late')) })
    for (const other of [true, null, undefined, {}, 'then']) ignoreRejection(other)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })
})

describe('requireSynchronous', () => {
  it('refuses an async function, and no other', () => {
    expect(() => requireSynchronous(async () => true, 'access.matches')).toThrow(
      'access.matches decides without waiting',
    )
    expect(() => requireSynchronous(() => true, 'access.matches')).not.toThrow()
  })
})
