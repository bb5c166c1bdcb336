import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { TAG } from './der.ts'
import { DerCursor } from './der-cursor.ts'
import { MAX_OID_BYTES, readDerOid } from './der-oid.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** Reads a value between two others. */
function read(value: Buffer): string {
  const cursor = new DerCursor(Buffer.concat([der(TAG.BOOLEAN, 'x'), value, der(TAG.BOOLEAN, 'x')]))
  cursor.next()
  cursor.next()
  return readDerOid(cursor)
}

describe('readDerOid', () => {
  it.each([
    ['2.5.4.3', '06 03 55 04 03'],
    ['1.2.840.113549.1.9.1', '06 09 2a 86 48 86 f7 0d 01 09 01'],
    ['0.9.2342.19200300.100.1.25', '06 0a 09 92 26 89 93 f2 2c 64 01 19'],
    ['0.0', '06 01 00'],
    ['1.39', '06 01 4f'],
    ['2.0', '06 01 50'],
    ['2.999.3', '06 03 88 37 03'],
    // A group of seven zero bits in the middle is no padding.
    ['2.5.16384', '06 04 55 81 80 00'],
    // Above the largest exact number: two arcs must not become one.
    ['2.25.340282366920938463463374607431768211455', `06 14 69 83 ${'ff '.repeat(17)} 7f`],
  ])('reads %s', (oid, hex) => {
    expect(read(bytes(hex))).toBe(oid)
  })

  it.each([
    ['nothing', '06 00'],
    ['an arc that is cut off', '06 01 83'],
    ['a good arc and one that is cut off', '06 04 55 04 03 83'],
    ['another type', '02 03 55 04 03'],
    ['a padded first arc', '06 02 80 01'],
    ['a padded arc', '06 04 55 04 80 03'],
  ])('throws SyntaxError for %s', (_, hex) => {
    expect(() => read(bytes(hex))).toThrow(SyntaxError)
  })

  it('reads as many bytes as it must at least, and no more', () => {
    const oidOf = (length: number) => der(TAG.OID, Buffer.alloc(length, 0x01))
    expect(read(oidOf(MAX_OID_BYTES))).toBe(`0${'.1'.repeat(MAX_OID_BYTES)}`)
    expect(() => read(oidOf(MAX_OID_BYTES + 1))).toThrow(
      new SyntaxError('an object identifier is longer than 128 bytes'),
    )
  })
})
