import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { describe, expect, it } from 'vitest'
import type { CheckedStore } from './checked-store.ts'
import { resolveEdge } from './edge-options.ts'

const report = () => {}
const store = { spend: async () => true }
const replayWith = (changes: Record<string, unknown>) =>
  (
    resolveEdge({ keys: hmacKey().jwk, hosts: null, replay: store, ...changes }, report, report).replay as {
      store: CheckedStore
    }
  ).store.use

describe('resolveEdge with a replay store', () => {
  it('waits half a second for the store and refuses without it, by default', () => {
    expect(replayWith({})).toEqual({ store, lifetime: 420_000, timeout: 500, onUnavailable: 'refuse', report })
  })

  it('keeps the store itself, and the warning of the plugin', () => {
    const replay = replayWith({})
    expect(replay.store).toBe(store)
    expect(replay.report).toBe(report)
  })

  it('remembers a nonce as long as any origin may accept its signature, whatever its own settings', () => {
    for (const own of [
      { maxAge: 1, clockTolerance: 0 },
      { maxAge: 300, clockTolerance: 60 },
    ]) {
      expect(replayWith(own).lifetime).toBe(420_000)
    }
  })

  it.each([1, 60_000])('waits for %i ms', (storeTimeout) => {
    expect(replayWith({ storeTimeout, onStoreUnavailable: 'accept' })).toEqual({
      store,
      lifetime: 420_000,
      timeout: storeTimeout,
      onUnavailable: 'accept',
      report,
    })
  })

  it.each([0, 60_001, '500', null])('refuses the time-out %j', (storeTimeout) => {
    expect(() => replayWith({ storeTimeout })).toThrow(
      new TypeError('edge.storeTimeout must be a number of milliseconds from 1 to 60000'),
    )
  })

  it.each(['ignore', '', null, true])('refuses the reaction %j', (onStoreUnavailable) => {
    expect(() => replayWith({ onStoreUnavailable })).toThrow(
      new TypeError('edge.onStoreUnavailable must be "refuse" or "accept"'),
    )
  })

  it.each([true, null, {}, 'spend'])('refuses the method spendMany %j', (spendMany) => {
    expect(() => replayWith({ replay: { ...store, spendMany } })).toThrow(
      new TypeError('edge.replay: spendMany must be a function; write spendMany(nonces, lifetime), or leave it out'),
    )
  })

  it('takes a store with spendMany, and one where it is undefined', () => {
    for (const spendMany of [undefined, async () => []]) {
      const batching = { ...store, spendMany }
      expect(replayWith({ replay: batching }).store).toBe(batching)
    }
  })
})
