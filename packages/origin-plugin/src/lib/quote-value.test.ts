import { describe, expect, it } from 'vitest'
import { quoteUrl, quoteValue, quoteValues } from './quote-value.ts'

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

describe('quoteUrl', () => {
  it.each([
    ['https://acme.example/certs', 'https://acme.example/certs'],
    ['http://127.0.0.1:8444/certs?token=secret#secret', 'http://127.0.0.1:8444/certs?…'],
    ['https://me:secret@acme.example', 'https://acme.example/'],
  ])('quotes %s', (url, text) => {
    expect(quoteUrl(new URL(url))).toBe(text)
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
