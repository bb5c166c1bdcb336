import { describe, expect, it } from 'vitest'
import { splitDictionary } from './dictionary.ts'

const NOT_A_MEMBER = new SyntaxError('a dictionary member is not of the form key=value')
const UNBALANCED = new SyntaxError('a dictionary contains an unbalanced list')
const CUT = new SyntaxError('a dictionary ends inside a member')

describe('splitDictionary', () => {
  it.each([
    ['a=1', [['a', '1']]],
    [
      'a=1,b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1, b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1 \t,\t b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['  a=1  ', [['a', '1']]],
    [
      'sig1=("@method");tag="a,b", sig2=()',
      [
        ['sig1', '("@method");tag="a,b"'],
        ['sig2', '()'],
      ],
    ],
    ['a="b=c";d=e', [['a', '"b=c";d=e']]],
    [
      'a=:aGk=:, b=:aG8=:',
      [
        ['a', ':aGk=:'],
        ['b', ':aG8=:'],
      ],
    ],
    ['*a.b-c_d*=?1', [['*a.b-c_d*', '?1']]],
    ['a2=1', [['a2', '1']]],
  ])('splits %j', (text, members) => {
    expect(splitDictionary(text)).toEqual(members.map(([key, value]) => ({ key, value })))
  })

  it.each([
    'a="x, countersign=y"',
    'a="x\\", countersign=y"',
    'a="x\\\\\\", countersign=y"',
    'a="("',
    'a="(, )"',
    'a="), ("',
    'a=("x, y" "z)");p="q, r"',
    'a=(1 2, 3)',
    'a=("\\"), (")',
  ])('keeps %j in one member', (text) => {
    expect(splitDictionary(text)).toEqual([{ key: 'a', value: text.slice(2) }])
  })

  it('ends a string after an escaped backslash', () => {
    expect(splitDictionary('a="x\\\\", b="y"')).toEqual([
      { key: 'a', value: '"x\\\\"' },
      { key: 'b', value: '"y"' },
    ])
  })

  it('returns a repeated key each time, for the caller to refuse', () => {
    expect(splitDictionary('countersign=(), a=1, countersign=2')).toEqual([
      { key: 'countersign', value: '()' },
      { key: 'a', value: '1' },
      { key: 'countersign', value: '2' },
    ])
  })

  it('gives __proto__ no meaning', () => {
    expect(() => splitDictionary('__proto__=1')).toThrow(NOT_A_MEMBER)
    expect(splitDictionary('constructor=1')).toEqual([{ key: 'constructor', value: '1' }])
  })

  it.each([
    ['nothing', ''],
    ['spaces alone', '   '],
    ['a trailing comma', 'a=1,'],
    ['a trailing comma and a space', 'a=1, '],
    ['a leading comma', ',a=1'],
    ['two commas', 'a=1,,b=2'],
    ['a key in upper case', 'Countersign=()'],
    ['a key with one letter in upper case', 'counterSign=()'],
    ['a key that begins with a digit', '1a=1'],
    ['a key that begins with a dash', '-a=1'],
    ['a quoted key', '"a"=1'],
    ['an empty key', '=1'],
    ['a space behind the key', 'a =1'],
    ['a space before the value', 'a= 1'],
    ['a member without a value', 'a'],
    ['a member with parameters and no value', 'a;p=1'],
    ['a member with an empty value', 'a='],
    ['an empty value in the middle', 'a=,b=1'],
  ])('refuses %s', (_, text) => {
    expect(() => splitDictionary(text)).toThrow(NOT_A_MEMBER)
  })

  it.each(['é=1', 'a="é"', 'a=1\n', '\u00a0a=1', 'a=1\u00a0, b=2', 'a=1, b=2\u3000'])(
    'refuses %j, which is not ASCII',
    (text) => {
      expect(() => splitDictionary(text)).toThrow(
        new SyntaxError('a dictionary contains a character that is not printable ASCII'),
      )
    },
  )

  it.each(['a=)', 'a=(()', 'a=(1) )', 'a=((1))', 'a=1, b=)('])('refuses the unbalanced list in %j', (text) => {
    expect(() => splitDictionary(text)).toThrow(UNBALANCED)
  })

  it.each(['a="', 'a="x', 'a="x\\"', 'a="x\\', 'a=(', 'a=("x"', 'a=("x)', 'a="x, b=1'])(
    'refuses %j, which is cut',
    (text) => {
      expect(() => splitDictionary(text)).toThrow(CUT)
    },
  )

  it.each([
    ['members', () => splitDictionary(Array(100_000).fill('a=1').join(',')).length, 100_000],
    ['escapes', () => splitDictionary(`a="${'\\"'.repeat(100_000)}"`).length, 1],
    ['items', () => splitDictionary(`a=(${'"x" '.repeat(100_000)})`).length, 1],
    ['spaces', () => splitDictionary(`a=1${' '.repeat(500_000)},b=2`).length, 2],
  ])('completes over a great many %s', (_, count, expected) => {
    expect(count()).toBe(expected)
  })
})
