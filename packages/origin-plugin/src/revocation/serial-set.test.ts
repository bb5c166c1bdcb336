import { describe, expect, it } from 'vitest'
import { createSerialSet } from './serial-set.ts'

/** Makes the set of some numbers. They follow one byte, as in a list, because the offset 0 marks an empty slot. */
function setOf(...serials: readonly (readonly number[])[]) {
  const bytes = Buffer.from([0x30, ...serials.flatMap((serial) => [0x02, serial.length, ...serial])])
  const builder = createSerialSet(bytes, serials.length)
  let offset = 1
  for (const { length } of serials) {
    builder.add(offset)
    offset += 2 + length
  }
  return builder.build()
}

describe('createSerialSet', () => {
  it('finds every number, also in the most crowded table', () => {
    const serials = Array.from({ length: 64 }, (_, at) => [at + 1, 0x80])
    const set = setOf(...serials)
    expect(set.size).toBe(64)
    expect(serials.filter((serial) => !set.has(Uint8Array.from(serial)))).toEqual([])
    expect(set.has(Uint8Array.of(65, 0x80))).toBe(false)
  })

  it('counts a repeated number once', () => {
    const set = setOf([5, 6], [7], [5, 6])
    expect(set.size).toBe(2)
    expect(set.has(Uint8Array.of(5, 6))).toBe(true)
  })

  it('does not take the beginning of a number for the number', () => {
    for (let first = 0; first < 0x80; first += 1) {
      const set = setOf([first, 1])
      expect(set.has(Uint8Array.of(first)), `number ${first}`).toBe(false)
      expect(set.has(Uint8Array.of(first, 1, 1)), `number ${first}`).toBe(false)
    }
  })

  it('is empty without a number', () => {
    const set = setOf()
    expect(set.size).toBe(0)
    expect(set.has(Uint8Array.of(1))).toBe(false)
    expect(set.has(new Uint8Array())).toBe(false)
  })
})
