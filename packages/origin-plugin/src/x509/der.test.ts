import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { MAX_OID_BYTES, readDerChildren, readDerOid, readDerValue, readDerValues, TAG } from './der.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const only = (value: Buffer) => readDerValue(value, 0)

describe('readDerValues', () => {
  it('reads values one after the other', () => {
    const values = readDerValues(bytes('02 01 05  04 00  30 03 02 01 07'))
    expect(values.map(({ tag, contents }) => [tag, Buffer.from(contents).toString('hex')])).toEqual([
      [0x02, '05'],
      [0x04, ''],
      [0x30, '020107'],
    ])
    expect(readDerValues(new Uint8Array())).toEqual([])
  })

  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])('reads a length of %i', (length) => {
    const head =
      length < 0x10000
        ? der(0x04, Buffer.alloc(length))
        : Buffer.concat([bytes('04 83 01 00 00'), Buffer.alloc(length)])
    const [value, next] = readDerValues(Buffer.concat([head, bytes('05 00')]))
    expect(value?.contents.length).toBe(length)
    expect(next?.tag).toBe(0x05)
  })

  it.each([
    ['a tag alone', '30'],
    ['a length that is cut off', '30 82 01'],
    ['a length beyond the bytes', '30 05 02 01 01'],
    ['a length beyond the bytes by one', '04 02 01'],
    ['an indefinite length', '30 80 02 01 01 00 00'],
    ['an indefinite length before enough bytes for a length of 128', `30 80 ${'00'.repeat(128)}`],
    ['a length of five bytes', '30 85 00 00 00 00 01 00'],
    ['a length of 127 bytes', '30 ff 01'],
    ['the greatest length', '30 84 ff ff ff ff'],
    ['a tag of several bytes', '1f 81 01 00'],
    ['a value behind a good one that is cut off', '02 01 05 04'],
  ])('throws SyntaxError for %s', (_, hex) => {
    expect(() => readDerValues(bytes(hex))).toThrow(SyntaxError)
  })

  it('throws SyntaxError for every truncation of a value, and nothing else', () => {
    const whole = der(0x30, der(0x02, '\x05'), der(0x30, der(0x04, Buffer.alloc(300))))
    for (let length = 1; length < whole.length; length += 1) {
      expect(() => readDerValues(whole.subarray(0, length)), `${length} bytes`).toThrow(SyntaxError)
    }
  })

  it('reads deep nesting one level at a time', () => {
    let nested: Buffer = der(TAG.SEQUENCE)
    for (let depth = 0; depth < 5_000; depth += 1) nested = der(TAG.SEQUENCE, nested)
    const [value] = readDerValues(nested)
    expect(value?.encoded.length).toBe(nested.length)
  })

  it('reads 10 KiB of the smallest values at once', () => {
    expect(readDerValues(Buffer.alloc(10_240))).toHaveLength(5_120)
  })
})

describe('readDerChildren', () => {
  it('throws SyntaxError for another tag, and for no value', () => {
    expect(() => readDerChildren(only(bytes('31 00')), TAG.SEQUENCE)).toThrow(
      new SyntaxError('expected the DER tag 0x30'),
    )
    expect(() => readDerChildren(undefined, TAG.SET)).toThrow(new SyntaxError('expected the DER tag 0x31'))
  })
})

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
    expect(readDerOid(only(bytes(hex)))).toBe(oid)
  })

  it.each([
    ['nothing', '06 00'],
    ['an arc that is cut off', '06 01 83'],
    ['a good arc and one that is cut off', '06 04 55 04 03 83'],
    ['another type', '02 03 55 04 03'],
    ['a padded first arc', '06 02 80 01'],
    ['a padded arc', '06 04 55 04 80 03'],
  ])('throws SyntaxError for %s', (_, hex) => {
    expect(() => readDerOid(only(bytes(hex)))).toThrow(SyntaxError)
  })

  it('reads as many bytes as it must at least, and no more', () => {
    const oidOf = (length: number) => only(der(TAG.OID, Buffer.alloc(length, 0x01)))
    expect(readDerOid(oidOf(MAX_OID_BYTES))).toBe(`0${'.1'.repeat(MAX_OID_BYTES)}`)
    expect(() => readDerOid(oidOf(MAX_OID_BYTES + 1))).toThrow(
      new SyntaxError('an object identifier is longer than 128 bytes'),
    )
  })
})
