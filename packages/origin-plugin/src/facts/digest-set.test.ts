import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createDigestSet } from './digest-set.ts'

const digestOf = (text: string | number) => hash('sha256', String(text), 'binary')

describe('createDigestSet', () => {
  it('has what was added, and nothing else', () => {
    const set = createDigestSet(1_000)
    expect(set.has(digestOf('a'))).toBe(false)
    set.add(digestOf('a'))
    expect(set.has(digestOf('a'))).toBe(true)
    expect(set.has(digestOf('b'))).toBe(false)
  })

  it.each([1, 2, 3, 7, 8, 9, 64, 100, 1_000])('holds at most %i digests, and the youngest of them', (most) => {
    const set = createDigestSet(most)
    const count = 3 * most + 5
    for (let at = 0; at < count; at += 1) {
      set.add(digestOf(at))
      expect(set.has(digestOf(at))).toBe(true)
    }
    const held = Array.from({ length: count }, (_, at) => set.has(digestOf(at)))
    const kept = held.filter(Boolean).length
    expect(kept).toBeLessThanOrEqual(most)
    // A full generation is dropped for the next digest.
    expect(kept).toBeGreaterThan(most - Math.ceil(most / 8) - 8)
    expect(held.lastIndexOf(false)).toBe(count - kept - 1)
  })

  it('drops the generation of the digest that was found last', () => {
    const set = createDigestSet(8)
    for (let at = 0; at < 8; at += 1) set.add(digestOf(at))
    expect(set.has(digestOf(0))).toBe(true)
    set.add(digestOf(8))
    expect(set.has(digestOf(0))).toBe(false)
    expect(set.has(digestOf(1))).toBe(true)
  })

  it('keeps no digest without room', () => {
    const set = createDigestSet(0)
    set.add(digestOf('a'))
    expect(set.has(digestOf('a'))).toBe(false)
  })

  it('does not count a digest twice', () => {
    const set = createDigestSet(8)
    for (let round = 0; round < 50; round += 1) set.add(digestOf('a'))
    for (let at = 0; at < 7; at += 1) set.add(digestOf(at))
    expect(set.has(digestOf('a'))).toBe(true)
  })

  it('compares all 32 bytes', () => {
    const digest = digestOf('a')
    for (let at = 0; at < 32; at += 1) {
      const set = createDigestSet(8)
      set.add(digest)
      const other = digest.slice(0, at) + String.fromCharCode(digest.charCodeAt(at) ^ 0x80) + digest.slice(at + 1)
      expect(set.has(other), `byte ${at}`).toBe(false)
    }
  })

  it('has a digest that begins with four zero bytes, which would mark an empty slot', () => {
    const set = createDigestSet(8)
    const zeros = `\0\0\0\0${digestOf('a').slice(4)}`
    expect(set.has(zeros)).toBe(false)
    expect(set.has('\0'.repeat(32))).toBe(false)
    set.add(zeros)
    expect(set.has(zeros)).toBe(true)
    expect(set.has('\0'.repeat(32))).toBe(false)
  })

  it('finds digests with the same slot, at the end of the table too', () => {
    const set = createDigestSet(80)
    const alike = (n: number) => `\xff\xff\xff\xff${digestOf(n).slice(4)}`
    for (let n = 0; n < 10; n += 1) set.add(alike(n))
    for (let n = 0; n < 10; n += 1) expect(set.has(alike(n))).toBe(true)
    expect(set.has(alike(10))).toBe(false)
  })

  it.each([1, 2, 3])('agrees with a Set, in an order that looks random (%i)', (seed) => {
    const set = createDigestSet(40_000)
    const expected = new Set<number>()
    for (let step = 0; step < 5_000; step += 1) {
      const random = hash('sha256', `${seed} ${step}`, 'buffer')
      const n = random.readUInt16LE(0) % 3_000
      expect(set.has(digestOf(n))).toBe(expected.has(n))
      if (random.readUInt8(2) < 128) {
        set.add(digestOf(n))
        expected.add(n)
      }
    }
    expect(expected.size).toBeGreaterThan(1_000)
  })
})
