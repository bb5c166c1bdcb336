import { describe, expect, it } from 'vitest'
import { formatHex, normalizeHex, parseHex } from './hex.ts'

describe('parseHex', () => {
  it.each([
    ['', []],
    ['00', [0]],
    ['0aFf7F80', [10, 255, 127, 128]],
  ])('reads %j', (text, bytes) => {
    expect(parseHex(text)).toEqual(Uint8Array.from(bytes))
  })

  it.each(['0', '000', 'zz', '0x00', '00 ', ' 00', '00\n', '00:00', '-1', '+1', '０0', '0g'])('refuses %j', (text) => {
    expect(() => parseHex(text)).toThrow(new SyntaxError('expected pairs of hexadecimal digits'))
  })
})

describe('formatHex', () => {
  it('writes two upper-case digits for each byte', () => {
    expect(formatHex(Uint8Array.of(0, 10, 255))).toBe('000AFF')
    expect(formatHex(new Uint8Array())).toBe('')
  })

  it('puts the prefix before each byte', () => {
    expect(formatHex(Uint8Array.of(0, 10), '\\')).toBe('\\00\\0A')
  })

  it('is read back', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(parseHex(formatHex(bytes))).toEqual(bytes)
  })
})

describe('normalizeHex', () => {
  it.each([
    ['ab:cd', 'ABCD'],
    ['AB:CD', 'ABCD'],
    ['abCD', 'ABCD'],
    ['a', 'A'],
    ['abc', 'ABC'],
    ['0', '0'],
    ['ab', 'AB'],
    ['00936EACBE07F201DF', '00936EACBE07F201DF'],
  ])('writes %s as %s', (text, digits) => {
    expect(normalizeHex(text)).toBe(digits)
  })

  it.each(['', ' ', 'xy', '0x0a', 'ab cd', 'ab-cd', ' abcd', 'abcd ', 'ab\n', 'xy:zz', '-1'])('refuses %j', (text) => {
    expect(() => normalizeHex(text)).toThrow(new SyntaxError('expected hexadecimal digits'))
  })

  it.each([':', 'ab:', ':ab', 'ab::cd', 'a:b', 'abcd:ef', 'ab:cde', 'ab:c:d'])(
    'refuses %j, colons not between pairs',
    (text) => {
      expect(() => normalizeHex(text)).toThrow(new SyntaxError('expected a colon between pairs of digits'))
    },
  )
})
