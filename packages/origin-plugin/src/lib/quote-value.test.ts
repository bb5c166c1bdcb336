import { describe, expect, it } from 'vitest'
import { quoteValue, quoteValues } from './quote-value.ts'

describe('quoteValue', () => {
  it.each([
    ['https://acme.example/', '"https://acme.example/"'],
    [4714, '4714'],
    [['a', 'b'], '["a","b"]'],
    [undefined, 'undefined'],
    ['a"b\n', '"a\\"b\\n"'],
    ['\u202Eé\u0000\u007F', '"??\\u0000?"'],
  ])('quotes %j', (value, text) => {
    expect(quoteValue(value)).toBe(text)
  })

  it('cuts a longer text than the limit', () => {
    expect(quoteValue('x'.repeat(98))).toBe(`"${'x'.repeat(98)}"`)
    expect(quoteValue('x'.repeat(99))).toBe(`"${'x'.repeat(99)}…`)
    expect(quoteValue('abcdef', 4)).toBe('"abc…')
  })
})

describe('quoteValues', () => {
  it('quotes three values, and counts the others', () => {
    expect(quoteValues([])).toBe('none')
    expect(quoteValues(['a', 'b', 'c'])).toBe('"a", "b", "c"')
    expect(quoteValues(['a', 'b', 'c', 'd', 'e'])).toBe('"a", "b", "c" and 2 more')
    expect(quoteValues(['a', 'b'], 1)).toBe('"a" and 1 more')
  })
})
