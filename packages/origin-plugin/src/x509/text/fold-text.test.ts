import { describe, expect, it } from 'vitest'
import { foldText } from './fold-text.ts'

describe('foldText', () => {
  it.each([
    ['Pay-1', 'PAY-1'],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['Zo\u00eb', 'Zoe\u0308'],
    [' a', 'a'],
    ['a ', 'a'],
    ['a  b', 'a b'],
    ['a\u00a0b', 'a b'],
    ['a\tb', 'a b'],
    ['a\r\nb', 'a b'],
    ['a\u2028b', 'a b'],
    ['a\n', 'a'],
    ['\uff41', 'a'],
    ['\ufb01', 'fi'],
    ['a\0', 'a'],
    ['a\u200e', 'a'],
    ['a\u200db', 'ab'],
    ['a\u00adb', 'ab'],
    ['a\u{e0041}', 'a'],
    ['a \0 b', 'a b'],
  ])('finds %j and %j alike', (one, other) => {
    expect(foldText(one)).toBe(foldText(other))
  })

  it.each([
    ['a', 'b'],
    ['a b', 'ab'],
    ['a', '\u0430'],
    ['e', '\u00eb'],
    ['a-b', 'a_b'],
    ['a', ''],
    ['I', '\u0130'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(foldText(one)).not.toBe(foldText(other))
  })

  it('is in lower case', () => {
    expect(foldText(' Acme\u00a0 Straße')).toBe('acme strasse')
  })
})
