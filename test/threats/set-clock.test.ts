import type { WireRequest } from '@countersign/test-support/wire-request'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

/** Seconds after which the memory has dropped a nonce: two generations of 70 s. */
const FORGOTTEN = 141

describeThreat('an origin whose clock is set forward and back', (chain) => {
  let captured: WireRequest
  beforeEach(async () => {
    captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() })
  })
  afterEach(() => void vi.useRealTimers())

  it('still refuses a request that it accepted before', async () => {
    const spent = chain.sign(captured)
    const start = Date.now()
    expect(await chain.around(spent)).toMatchObject({ status: 200 })
    for (const seconds of [FORGOTTEN, 2 * FORGOTTEN]) {
      vi.setSystemTime(start + seconds * 1000)
      expect(await chain.around(chain.sign(captured))).toMatchObject({ status: 200 })
    }
    vi.setSystemTime(start)
    expect(await chain.around(spent)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
  })
})

describeThreat('an origin whose clock is set back after it dropped a nonce', (chain) => {
  afterEach(() => void vi.useRealTimers())

  it('refuses the request of that nonce as expired', async () => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() })
    const spent = chain.sign(captured)
    const start = Date.now()
    expect(await chain.around(spent)).toMatchObject({ status: 200 })
    for (let times = 0; times < 2; times += 1) {
      vi.advanceTimersByTime(FORGOTTEN * 1000)
      expect(await chain.around(chain.sign(captured))).toMatchObject({ status: 200 })
    }
    vi.setSystemTime(start)
    expect(await chain.around(spent)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_EXPIRED' })
    expect(chain.lastReason()).toBe('the signature is as old as forgotten ones, because the clock was set back')
  })
})
