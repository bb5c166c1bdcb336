import { describe, expect, it } from 'vitest'
import { type ReplayStore, type ReplayStoreUse, spendInStore } from './replay-store.ts'

const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A store that returns the given answers, and records its calls. */
function use(spend: ReplayStore['spend'], changes: Partial<ReplayStoreUse> = {}) {
  const asked: [string, number][] = []
  const warnings: string[] = []
  const store: ReplayStore = {
    spend(nonce, lifetime) {
      asked.push([nonce, lifetime])
      return spend(nonce, lifetime)
    },
  }
  const settings = {
    store,
    timeout: 100,
    onUnavailable: 'refuse' as const,
    warn: (reason: string) => warnings.push(reason),
    ...changes,
  }
  return { asked, warnings, spent: spendInStore(NONCE, 70_000, settings) }
}

describe('spendInStore', () => {
  it('passes the nonce and its lifetime in milliseconds to the store, and accepts a fresh nonce', async () => {
    const { asked, warnings, spent } = use(async () => true)
    await expect(spent).resolves.toBeUndefined()
    expect(asked).toEqual([[NONCE, 70_000]])
    expect(warnings).toEqual([])
  })

  it.each([false, undefined, 1, 'OK', null])(
    'refuses a nonce as replayed unless the store reports it as fresh: %j',
    async (reply) => {
      const { spent } = use(async () => reply as boolean)
      await expect(spent).rejects.toMatchObject({
        code: 'CSN_SIGNATURE_REPLAYED',
        reason: 'the nonce was spent by an earlier request',
      })
    },
  )

  it('does not accept a replay where an unavailable store would be accepted', async () => {
    const { spent } = use(async () => false, { onUnavailable: 'accept' })
    await expect(spent).rejects.toMatchObject({ code: 'CSN_SIGNATURE_REPLAYED' })
  })

  it.each<[string, ReplayStore['spend'], string]>([
    ['that fails', () => Promise.reject(new Error('READONLY')), 'the replay store failed: READONLY'],
    [
      'that throws',
      () => {
        throw new Error('closed')
      },
      'the replay store failed: closed',
    ],
    ['that fails with no error', () => Promise.reject('down'), 'the replay store failed: unknown'],
    ['that never answers', () => new Promise(() => {}), 'the replay store failed: no answer within 100 ms'],
  ])('refuses as unavailable with a store %s, or accepts and warns', async (_what, spend, reason) => {
    await expect(use(spend).spent).rejects.toMatchObject({
      code: 'CSN_REPLAY_STORE_UNAVAILABLE',
      statusCode: 503,
      reason,
    })
    const { spent, warnings } = use(spend, { onUnavailable: 'accept' })
    await expect(spent).resolves.toBeUndefined()
    expect(warnings).toEqual([reason])
  })

  it('ignores an answer after the time-out', async () => {
    const late = () => new Promise<boolean>((_resolve, reject) => setTimeout(() => reject(new Error('late')), 150))
    await expect(use(late).spent).rejects.toMatchObject({ code: 'CSN_REPLAY_STORE_UNAVAILABLE' })
    // An unhandled rejection here would fail the run.
    await new Promise((resolve) => setTimeout(resolve, 100))
  })
})
