import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import type { DerCursor } from '../x509/der-cursor.ts'
import { buildSerialTable, hasSerial } from './serial-set.ts'

const checkNothing = () => {}

/** Makes the table of some numbers, which stand between other bytes. */
function tableOf(...serials: readonly (readonly number[])[]) {
  const entries = serials.map((serial) => der(0x30, der(0x02, Uint8Array.from(serial)), der(0x05)))
  const bytes = Buffer.concat([Buffer.from([1, 2, 3]), ...entries, Buffer.from([0xff])])
  return buildSerialTable(bytes, 3, bytes.length - 1, checkNothing)
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
})
