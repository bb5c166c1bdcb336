import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { resolveEdge } from './edge-options.ts'
import { requireReplayProtection, spendNonce } from './spend-nonce.ts'

const NOW = 1_800_000_000
const nonceOf = (letter: string) => `${letter.repeat(21)}A`
const signed = (letter: string, created = NOW) => ({ nonce: nonceOf(letter), created })
const edgeWith = (changes: Record<string, unknown> = {}) =>
  resolveEdge(
    { keys: hmacKey().jwk, hosts: null, ...changes },
    () => {},
    () => {},
  )

describe('spendNonce', () => {
  it('accepts a nonce once in the memory of the process, without a promise', () => {
    const edge = edgeWith()
    expect(spendNonce(signed('a'), edge, NOW)).toBeUndefined()
    expect(() => spendNonce(signed('a'), edge, NOW)).toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(spendNonce(signed('b'), edge, NOW)).toBeUndefined()
  })

  it('refuses a new nonce as unavailable when the memory is full', () => {
    const edge = edgeWith({ maxRemembered: 1 })
    expect(spendNonce(signed('a'), edge, NOW)).toBeUndefined()
    expect(() => spendNonce(signed('b'), edge, NOW)).toThrow(
      refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', 'the memory of nonces is full (edge.maxRemembered)'),
    )
  })

  it('refuses a signature as expired that is as old as a forgotten one', () => {
    const edge = edgeWith()
    expect(spendNonce(signed('a'), edge, 0)).toBeUndefined()
    expect(() => spendNonce(signed('a'), edge, 140)).toThrow(
      refusedWith('CSN_SIGNATURE_EXPIRED', 'the signature is as old as forgotten ones, because the clock was set back'),
    )
    expect(spendNonce(signed('a', NOW + 1), edge, 140)).toBeUndefined()
  })

  it('measures the lifetime of a nonce by a clock that nobody sets', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const edge = edgeWith()
    expect(spendNonce(signed('a'), edge)).toBeUndefined()
    vi.setSystemTime(Date.now() + 141_000)
    expect(spendNonce(signed('b'), edge)).toBeUndefined()
    expect(() => spendNonce(signed('a'), edge)).toThrow(refusedWith('CSN_SIGNATURE_REPLAYED', /spent/))
    vi.advanceTimersByTime(140_000)
    expect(() => spendNonce(signed('a'), edge)).toThrow(refusedWith('CSN_SIGNATURE_EXPIRED', /forgotten/))
  })

  it('spends nothing with edge: null', () => {
    expect(spendNonce(null, null)).toBeUndefined()
    expect(spendNonce(null, edgeWith())).toBeUndefined()
  })

  it('accepts a nonce again without replay protection', () => {
    const edge = edgeWith({ replay: false })
    for (let time = 0; time < 2; time += 1) expect(spendNonce(signed('a'), edge, NOW)).toBeUndefined()
  })

  it('asks a store, with a lifetime that does not depend on the own settings', async () => {
    const asked: [string, number][] = []
    const spent = new Set<string>()
    const spend = async (nonce: string, lifetime: number) => {
      asked.push([nonce, lifetime])
      return !spent.has(nonce) && spent.add(nonce) === spent
    }
    const edge = edgeWith({ replay: { spend }, maxAge: 20, clockTolerance: 2 })
    await requireReplayProtection(edge)
    await expect(spendNonce(signed('a'), edge, NOW)).resolves.toBeUndefined()
    await expect(spendNonce(signed('a'), edge, NOW)).rejects.toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(asked.slice(2)).toEqual([
      [nonceOf('a'), 420_000],
      [nonceOf('a'), 420_000],
    ])
  })
})

describe('requireReplayProtection', () => {
  it('rejects for a store that does not detect a replay', async () => {
    const edge = edgeWith({ replay: { spend: async () => true } })
    await expect(requireReplayProtection(edge)).rejects.toThrow(
      /^edge\.replay: the replay store does not detect replays/,
    )
  })

  it('has nothing to check in the memory of the process, and without replay protection', async () => {
    for (const edge of [null, edgeWith(), edgeWith({ replay: false })]) {
      await expect(requireReplayProtection(edge)).resolves.toBeUndefined()
    }
  })
})
