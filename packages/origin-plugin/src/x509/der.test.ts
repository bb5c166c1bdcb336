import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readDerChildren, readDerValue, readDerValues, TAG } from './der.ts'

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
