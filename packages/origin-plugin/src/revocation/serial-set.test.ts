import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import type { DerCursor } from '../x509/der-cursor.ts'
import { buildSerialTable, giveUpTable, hasSerial, type Scratch } from './serial-set.ts'

const checkNothing = () => {}

/** Makes the table of some numbers, which stand between other bytes. */
const tableOf = (...serials: readonly (readonly number[])[]) => tableIn(undefined, ...serials)

/** As {@link tableOf}, in the given memory. */
function tableIn(scratch: Scratch | undefined, ...serials: readonly (readonly number[])[]) {
  const entries = serials.map((serial) => der(0x30, der(0x02, Uint8Array.from(serial)), der(0x05)))
  const bytes = Buffer.concat([Buffer.from([1, 2, 3]), ...entries, Buffer.from([0xff])])
  return buildSerialTable(bytes, 3, bytes.length - 1, checkNothing, scratch)
}
const has = (table: ReturnType<typeof tableOf>, ...serial: number[]) => hasSerial(table, Uint8Array.from(serial))

describe('buildSerialTable', () => {
  it('finds every number, also in the most crowded table', () => {
    const serials = Array.from({ length: 64 }, (_, at) => [at + 1, 0x80])
    const table = tableOf(...serials)
    expect(table.size).toBe(64)
    expect(table.slots).toHaveLength(128)
    expect(serials.filter((serial) => !has(table, ...serial))).toEqual([])
    expect(has(table, 65, 0x80)).toBe(false)
  })

  it('takes a byte for each length and nothing more than the numbers', () => {
    expect(tableOf([5], [6, 7], [8, 9, 10]).numbers).toEqual(Uint8Array.of(0, 1, 5, 2, 6, 7, 3, 8, 9, 10))
    expect(tableOf([5], [6], [7]).slots).toHaveLength(8)
  })

  it('counts a repeated number once', () => {
    const table = tableOf([5, 6], [7], [5, 6])
    expect(table.size).toBe(2)
    expect(has(table, 5, 6)).toBe(true)
    expect(has(table, 7)).toBe(true)
  })

  it('does not take the beginning of a number for the number', () => {
    for (let first = 0; first < 0x80; first += 1) {
      const table = tableOf([first, 1])
      expect(has(table, first), `number ${first}`).toBe(false)
      expect(has(table, first, 1, 1), `number ${first}`).toBe(false)
    }
  })

  it('is empty without a number', () => {
    const table = tableOf()
    expect(table.size).toBe(0)
    expect(table.slots).toHaveLength(2)
    expect(has(table, 1)).toBe(false)
    expect(has(table)).toBe(false)
  })

  it('lets each entry be checked, once', () => {
    const bytes = Buffer.concat([der(0x30, der(0x02, '\x05')), der(0x30, der(0x02, '\x06\x07'), der(0x05))])
    const seen: Buffer[] = []
    const check = (entry: DerCursor) => {
      while (entry.next()) seen.push(Buffer.from(entry.encoded()))
    }
    buildSerialTable(bytes, 0, bytes.length, check)
    expect(seen.map((value) => value.toString('hex'))).toEqual(['020105', '02020607', '0500'])
  })

  it('refuses an entry that is not a sequence', () => {
    expect(() => buildSerialTable(der(0x31), 0, 2, checkNothing)).toThrow(
      new SyntaxError('an entry of the list is not a sequence'),
    )
  })

  it('builds one table after another in the same memory, without the earlier numbers', () => {
    let memory: SharedArrayBuffer | undefined
    for (let round = 0; round < 200; round += 1) {
      const serials = Array.from({ length: (round * 37) % 90 }, (_, at) =>
        [(at * 7 + round) % 128, at % 3].slice(0, 1 + (at % 2)),
      )
      const expected = new Set(serials.map(String))
      const scratch: Scratch = { memory, canGrow: true }
      const table = tableIn(scratch, ...serials)
      expect(table.numbers.buffer).toBe(scratch.memory)
      expect(table.size).toBe(expected.size)
      for (let first = 0; first < 128; first += 1) {
        for (const serial of [[first], [first, 0], [first, 1], [first, 2]]) {
          if (has(table, ...serial) !== expected.has(String(serial))) throw new Error(`round ${round}: ${serial}`)
        }
      }
      memory = scratch.memory
    }
  })

  it('replaces memory that is too small by memory with room for a longer list, if it may', () => {
    const many = Array.from({ length: 60 }, (_, at) => [at + 1, 0x80])
    const small = new SharedArrayBuffer(8)
    const growing: Scratch = { memory: small, canGrow: true }
    const table = tableIn(growing, ...many)
    expect(growing.memory).not.toBe(small)
    expect(table.numbers.buffer).toBe(growing.memory)
    const next: Scratch = { memory: growing.memory, canGrow: true }
    expect(tableIn(next, ...many, [5, 6, 7]).numbers.buffer).toBe(growing.memory)

    const fixed: Scratch = { memory: small, canGrow: false }
    const own = tableIn(fixed, ...many)
    expect(fixed.memory).toBe(small)
    expect(own.numbers.buffer).toBeInstanceOf(ArrayBuffer)
    expect(many.filter((serial) => !has(own, ...serial))).toEqual([])
  })

  it('gives the memory to the first table of a load alone', () => {
    const scratch: Scratch = { canGrow: true }
    const [first, second] = [tableIn(scratch, [5]), tableIn(scratch, [6])]
    expect(first.numbers.buffer).toBe(scratch.memory)
    expect(second.numbers.buffer).not.toBe(scratch.memory)
    expect([has(first, 5), has(first, 6), has(second, 5), has(second, 6)]).toEqual([true, false, false, true])
  })
})

describe('giveUpTable', () => {
  it('returns the memory that threads share, and no other', () => {
    const scratch: Scratch = { canGrow: true }
    expect(giveUpTable(tableIn(scratch, [5]))).toBe(scratch.memory)
    expect(giveUpTable(tableOf([5]))).toBeUndefined()
  })

  it('empties the table, and a look-up throws instead of missing a number', () => {
    const table = tableOf([5])
    giveUpTable(table)
    expect(() => has(table, 5)).toThrow(new Error('another table has the memory of this one'))
  })
})
