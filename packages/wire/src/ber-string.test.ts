import { describe, expect, it } from 'vitest'
import { decodeBerString, isBerString } from './ber-string.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)
const ascii = (text: string) => Array.from(text, (char) => char.charCodeAt(0))

const NOT_ONE_VALUE = new SyntaxError('a #hex value is not one BER value')

describe('decodeBerString', () => {
  it.each([
    ['UTF8String', bytes(0x0c, 4, 0x5a, 0x6f, 0xc3, 0xab), 'Zoë'],
    ['UTF8String beyond the BMP', bytes(0x0c, 4, 0xf0, 0x9f, 0x94, 0x91), '🔑'],
    ['UTF8String that keeps its byte order mark', bytes(0x0c, 4, 0xef, 0xbb, 0xbf, 0x61), '\ufeffa'],
    ['NumericString', bytes(0x12, 2, 0x34, 0x32), '42'],
    ['PrintableString', bytes(0x13, 2, 0x55, 0x53), 'US'],
    ['TeletexString, as Latin-1', bytes(0x14, 4, 0x5a, 0x6f, 0xeb, 0xff), 'Zoëÿ'],
    ['IA5String', bytes(0x16, 3, 0x61, 0x40, 0x62), 'a@b'],
    ['VisibleString', bytes(0x1a, 2, 0x7e, 0x21), '~!'],
    ['UniversalString', bytes(0x1c, 8, 0, 0, 0, 0xeb, 0, 1, 0xf5, 0x11), 'ë🔑'],
    ['BMPString', bytes(0x1e, 4, 0, 0x5a, 0, 0xeb), 'Zë'],
    ['BMPString that keeps its byte order mark', bytes(0x1e, 4, 0xfe, 0xff, 0, 0x61), '\ufeffa'],
  ])('reads a %s', (_, ber, text) => {
    expect(decodeBerString(ber)).toBe(text)
  })

  it.each([0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e])('reads an empty string of type %i', (tag) => {
    expect(decodeBerString(bytes(tag, 0))).toBe('')
    expect(isBerString(bytes(tag, 0))).toBe(true)
  })

  it.each([
    ['BOOLEAN', bytes(0x01, 1, 0xff)],
    ['INTEGER', bytes(0x02, 1, 5)],
    ['BIT STRING', bytes(0x03, 2, 0, 0x80)],
    ['OCTET STRING', bytes(0x04, 2, 0x48, 0x69)],
    ['NULL', bytes(0x05, 0)],
    ['UTCTime', bytes(0x17, 1, 0x5a)],
    ['GeneralString', bytes(0x1b, 1, 0x61)],
    ['SEQUENCE', bytes(0x30, 3, 0x0c, 1, 0x61)],
    ['constructed UTF8String', bytes(0x2c, 3, 0x0c, 1, 0x61)],
    ['context tag that only looks like a UTF8String', bytes(0x8c, 1, 0x61)],
  ])('leaves a %s as its bytes', (_, ber) => {
    expect(decodeBerString(ber)).toBe(ber)
  })

  it.each([0x01, 0x02, 0x03, 0x05, 0x17, 0x18, 0x1b, 0x2c, 0x8c])('tells the type %i from a string', (tag) => {
    expect(isBerString(bytes(tag, 0))).toBe(false)
    expect(isBerString(bytes())).toBe(false)
  })

  it('reads the long forms of a length', () => {
    const text = 'x'.repeat(300)
    expect(decodeBerString(bytes(0x0c, 0x81, 1, 0x61))).toBe('a')
    expect(decodeBerString(bytes(0x0c, 0x81, 200, ...ascii(text.slice(0, 200))))).toBe(text.slice(0, 200))
    expect(decodeBerString(bytes(0x0c, 0x82, 1, 44, ...ascii(text)))).toBe(text)
  })

  it('reads the contents out of the middle of a buffer', () => {
    const buffer = bytes(9, 9, 0x1c, 4, 0, 0, 0, 0x61, 9)
    expect(decodeBerString(buffer.subarray(2, 8))).toBe('a')
  })

  it.each([
    ['nothing', bytes()],
    ['a tag alone', bytes(0x0c)],
    ['a length that is too long', bytes(0x0c, 2, 0x61)],
    ['a length that is too short', bytes(0x0c, 1, 0x61, 0x62)],
    ['bytes behind an empty string', bytes(0x0c, 0, 0x61)],
    ['a second value behind the first', bytes(0x0c, 1, 0x61, 0x0c, 1, 0x62)],
    ['the indefinite form', bytes(0x2c, 0x80, 0x0c, 1, 0x61, 0, 0)],
    ['the indefinite form of a primitive', bytes(0x0c, 0x80, 0x61, 0, 0)],
    [
      'the indefinite form before as many bytes as it would be as a number',
      bytes(0x0c, 0x80, ...ascii('x'.repeat(128))),
    ],
    ['a cut length', bytes(0x0c, 0x82, 0)],
    ['a long length that is not there', bytes(0x0c, 0x81)],
    ['a long length that does not fit', bytes(0x0c, 0x81, 2, 0x61)],
    ['a length of three bytes', bytes(0x0c, 0x83, 0, 0, 1, 0x61)],
    ['the reserved form', bytes(0x0c, 0xff, 0x61)],
    ['a wrong length of a type that is no string', bytes(0x04, 5, 0x61)],
  ])('refuses %s', (_, ber) => {
    expect(() => decodeBerString(ber)).toThrow(NOT_ONE_VALUE)
  })

  it.each([
    ['a UTF8String with a lone byte', bytes(0x0c, 1, 0xc3)],
    ['an overlong UTF8String', bytes(0x0c, 2, 0xc0, 0xaf)],
    ['a surrogate in a UTF8String', bytes(0x0c, 3, 0xed, 0xa0, 0x80)],
    ['a NumericString beyond ASCII', bytes(0x12, 1, 0x80)],
    ['a PrintableString beyond ASCII', bytes(0x13, 1, 0xeb)],
    ['an IA5String beyond ASCII', bytes(0x16, 1, 0x80)],
    ['a VisibleString beyond ASCII', bytes(0x1a, 1, 0xff)],
    ['a cut UniversalString', bytes(0x1c, 3, 0, 0, 0)],
    ['a UniversalString beyond Unicode', bytes(0x1c, 4, 0, 0x11, 0, 0)],
    ['a UniversalString with a high bit', bytes(0x1c, 4, 0x80, 0, 0, 0x61)],
    ['the first surrogate in a UniversalString', bytes(0x1c, 4, 0, 0, 0xd8, 0)],
    ['the last surrogate in a UniversalString', bytes(0x1c, 4, 0, 0, 0xdf, 0xff)],
    ['a cut BMPString', bytes(0x1e, 3, 0, 0x61, 0)],
    ['a lone surrogate in a BMPString', bytes(0x1e, 4, 0xd8, 0, 0, 0x61)],
    ['a BMPString that ends in half a pair', bytes(0x1e, 2, 0xd8, 0)],
  ])('leaves %s as its bytes', (_, ber) => {
    expect(decodeBerString(ber)).toBe(ber)
    expect(isBerString(ber)).toBe(true)
  })

  it('carries nothing over from an unreadable value into the next', () => {
    for (const cut of [bytes(0x0c, 2, 0xe2, 0x82), bytes(0x1e, 1, 0), bytes(0x1e, 2, 0xd8, 0)]) {
      expect(decodeBerString(cut)).toBe(cut)
      expect(decodeBerString(bytes(0x0c, 1, 0x61))).toBe('a')
      expect(decodeBerString(bytes(0x1e, 2, 0, 0x61))).toBe('a')
    }
  })
})
