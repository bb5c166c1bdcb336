import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { describe, expect, it } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { resolveEdge } from './edge-options.ts'
import { spendNonce } from './spend-nonce.ts'

const NOW = 1_800_000_000
const nonceOf = (letter: string) => `${letter.repeat(21)}A`
const edgeWith = (changes: Record<string, unknown> = {}) => resolveEdge({ keys: hmacKey().jwk, ...changes }, () => {})

describe('spendNonce', () => {
  it('accepts a nonce once in the memory of the process, without a promise', () => {
    const edge = edgeWith()
    expect(spendNonce(nonceOf('a'), edge, NOW)).toBeNull()
    expect(() => spendNonce(nonceOf('a'), edge, NOW)).toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(spendNonce(nonceOf('b'), edge, NOW)).toBeNull()
  })

  it('refuses a new nonce as unavailable when the memory is full', () => {
    const edge = edgeWith({ maxRemembered: 1 })
    expect(spendNonce(nonceOf('a'), edge, NOW)).toBeNull()
    expect(() => spendNonce(nonceOf('b'), edge, NOW)).toThrow(
      refusedWith('CSN_REPLAY_STORE_UNAVAILABLE', 'the memory of nonces is full (edge.maxRemembered)'),
    )
  })

  it('accepts a nonce again without replay protection', () => {
    const edge = edgeWith({ replay: false })
    for (let time = 0; time < 2; time += 1) expect(spendNonce(nonceOf('a'), edge, NOW)).toBeNull()
  })

  it('asks a store with the lifetime of the nonce in milliseconds', async () => {
    const asked: [string, number][] = []
    const spend = async (nonce: string, lifetime: number) => asked.push([nonce, lifetime]) === 1
    const edge = edgeWith({ replay: { spend }, maxAge: 20, clockTolerance: 2 })
    await expect(spendNonce(nonceOf('a'), edge, NOW)).resolves.toBeUndefined()
    await expect(spendNonce(nonceOf('a'), edge, NOW)).rejects.toThrow(
      refusedWith('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request'),
    )
    expect(asked).toEqual([
      [nonceOf('a'), 24_000],
      [nonceOf('a'), 24_000],
    ])
  })
})
