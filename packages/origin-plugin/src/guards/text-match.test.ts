import { describe, expect, it } from 'vitest'
import { PLAIN, type TextComparison } from './text-comparison.ts'
import { compileTextMatch, describeTextMatch } from './text-match.ts'

/** Text that compares exactly. It has no coarse form. */
const EXACT: TextComparison = { ...PLAIN, fold: (text) => text }
const test = (match: unknown, comparison = EXACT) => compileTextMatch(match, 'subject.CN', comparison)
const compile = (match: unknown, comparison = EXACT) => {
  const test = compileTextMatch(match, 'subject.CN', comparison)
  return (value: string) => test(value) === 'match'
}
const NOT_ANCHORED = 'is not anchored; write /^(?:…)$/ around all of it'

describe('compileTextMatch', () => {
  it('accepts exactly the text, as it is spelled', () => {
    const test = compile('pay-1')
    expect(test('pay-1')).toBe(true)
    for (const other of ['', 'Pay-1', 'pay-1 ', ' pay-1', 'pay-10', 'xpay-1', 'pay-1\n', 'pay-1\0', 'рay-1']) {
      expect(test(other), JSON.stringify(other)).toBe(false)
    }
  })

  it('does not treat two spellings of one character as the same', () => {
    expect(compile('Zo\u00eb')('Zoe\u0308')).toBe(false)
  })

  it('accepts each text of a list and nothing else', () => {
    const test = compile(['a', 'b'])
    expect(['a', 'b', 'c', 'a,b', 'ab', ''].filter(test)).toEqual(['a', 'b'])
  })

  it('matches no name of a built-in property', () => {
    const test = compile(['a'])
    expect(['__proto__', 'constructor', 'toString', 'has'].filter(test)).toEqual([])
    expect(compile('__proto__')('__proto__')).toBe(true)
  })

  it('reads text as text, never as a pattern', () => {
    expect(compile('.+')('anything')).toBe(false)
  })

  it.each([
    ['pay-*', 'write the RegExp /^pay-.*$/, or /^pay-\\*$/ for the character itself'],
    ['*.a/b+c', 'write the RegExp /^.*\\.a\\/b\\+c$/, or /^\\*\\.a\\/b\\+c$/ for the character itself'],
  ])('refuses the wildcards of %s, and writes the RegExp', (text, advice) => {
    expect(() => test(text)).toThrow(new TypeError(`subject.CN: "${text}": "*" is not a wildcard; ${advice}`))
    expect(() => test(['a', text])).toThrow(TypeError)
  })

  it('is not changed by changing the list afterwards', () => {
    const list = ['a']
    const test = compile(list)
    list.push('b')
    expect(test('b')).toBe(false)
  })

  it('brings configured texts into the canonical spelling', () => {
    const test = compile(['ABC', 'dEf'], { ...EXACT, parse: (text) => text.toLowerCase() })
    expect(['abc', 'def', 'ABC'].filter(test)).toEqual(['abc', 'def'])
  })

  it('brings values into the canonical spelling', () => {
    const comparison = { ...EXACT, normalize: (text: string) => text.replace(/\.$/, '') }
    expect(['a', 'a.', 'a..'].filter(compile('a', comparison))).toEqual(['a', 'a.'])
    expect(['a', 'a.', 'a..'].filter(compile(/^a$/, comparison))).toEqual(['a', 'a.'])
  })

  it('is undecided on a value that is equal in its coarse form only', () => {
    const outcomes = (match: unknown, values: readonly string[]) => values.map(test(match, PLAIN))
    expect(outcomes('Pay', ['Pay', 'pay', 'PAY ', 'pay-1', ''])).toEqual([
      'match',
      'undecided',
      'undecided',
      'mismatch',
      'mismatch',
    ])
    expect(outcomes(['pay', 'Bob'], ['pay', 'Pay', 'bob', 'eve'])).toEqual([
      'match',
      'undecided',
      'undecided',
      'mismatch',
    ])
  })

  it('names the text without a canonical spelling, and the reason', () => {
    const parse = () => {
      throw new SyntaxError('expected hexadecimal digits')
    }
    expect(() => compileTextMatch(['xyz'], 'keyId', { ...EXACT, parse })).toThrow(
      new TypeError('keyId: "xyz": expected hexadecimal digits'),
    )
  })

  it('does not quote a text that could be a secret', () => {
    const parse = () => {
      throw new SyntaxError('must be an id')
    }
    expect(() => test('xyz', { ...EXACT, parse, secret: true })).toThrow(new TypeError('subject.CN: must be an id'))
    expect(() => test('xyz*', { ...EXACT, parse, secret: true })).toThrow(new TypeError('subject.CN: must be an id'))
  })

  it('refuses a RegExp for values with several spellings', () => {
    const { pattern: _, ...comparison } = EXACT
    expect(() => test(/^a$/, comparison)).toThrow(new TypeError('subject.CN must be a text or a list of texts'))
    expect(() => test([], comparison)).toThrow(
      new TypeError('subject.CN must be a text or a list of texts; the list is empty'),
    )
    expect(test('*', comparison)('*')).toBe('match')
  })

  it.each([
    ['empty text', '', '; the text is empty'],
    ['an empty list', [], '; the list is empty'],
    ['a list with empty text', ['a', ''], '; item [1] of the list is an empty text'],
    ['a list with undefined', ['a', undefined], '; item [1] of the list is undefined'],
    ['a list with null', [null], '; item [0] of the list is null'],
    ['a list of lists', [['a']]],
    ['a list of patterns', [/^a$/]],
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['true', true],
    ['an object', { a: 'b' }],
    ['a Set', new Set(['a'])],
    ['a String object', Object('a')],
    ['a function', () => true],
  ])('refuses %s', (_what, match, empty = '') => {
    expect(() => compile(match)).toThrow(
      new TypeError(`subject.CN must be a text, a list of texts, or an anchored RegExp such as /^pay-\\d+$/${empty}`),
    )
  })
})

describe('compileTextMatch with a RegExp', () => {
  it.each<[RegExp, string, string]>([
    [/^pay-\d+$/, 'pay-1', 'pay-x'],
    [/^(?:a|b)$/, 'b', 'c'],
    [/^(a|b)$/, 'b', 'c'],
    [/^(?:a|(?:b|c))d$/, 'cd', 'd'],
    [/^[a|b]$/, '|', 'ab'],
    [/^[()|]+$/, '(|)', 'a'],
    [/^[\]|]$/, ']', 'a'],
    [/^[^|]$/, 'a', '|'],
    [/^a\|b$/, 'a|b', 'a'],
    [/^\(a\|b\)$/, '(a|b)', 'a'],
    [/^a\\\|b$/, 'a\\|b', 'a\\'],
    [/^a\\$/, 'a\\', 'a'],
    [/^a\$$/, 'a$', 'a'],
    [/^a\/b$/, 'a/b', 'a'],
    [/^$/, '', 'a'],
    [/^abc$/i, 'ABC', 'ABCD'],
    [/^.$/u, '🔑', 'ab'],
    [/^[[a-c]--b]$/v, 'a', 'b'],
    [/^a.b$/s, 'a\nb', 'ab'],
    [/^(?<kind>a|b)$/, 'a', 'c'],
  ])('accepts %s', (pattern, good, bad) => {
    const test = compile(pattern)
    expect(test(good)).toBe(true)
    expect(test(bad)).toBe(false)
    expect(test(good), 'the second time too').toBe(true)
  })

  it('does not let $ match before a line end', () => {
    expect(compile(/^pay-\d+$/)('pay-1\n')).toBe(false)
  })

  it.each([
    [/pay/],
    [/^pay/],
    [/pay$/],
    [/a^$/],
    [/^a|b$/],
    [/^a$|^b$/],
    [/^a\\|b$/],
    [/^(?:a|b)|c$/],
    [/^[a]|b$/],
    [/^[\]]|b$/],
    [/^[[]|b$/],
    [/^\[a|b]$/],
    [/^(a\))|b$/],
    [/^\(a|b\)$/],
    [/^[(]|b$/],
    [/^[[a]--[b]]|c$/v],
    [/^|$/],
    [/^a\$/],
    [/^a\\\$/],
    [/\^a$/],
    [/(?:^a$)/],
    [/(?:)/],
    [/(?:)/],
  ])('refuses %s, which could match a part of the value', (pattern) => {
    expect(() => compile(pattern)).toThrow(new TypeError(`subject.CN: the RegExp ${pattern} ${NOT_ANCHORED}`))
  })

  it('is undecided on a value that it matches without regard to case, or in its coarse form', () => {
    const outcomes = (match: RegExp, comparison: TextComparison) =>
      ['pay-1', 'PAY-1', ' pay-1', 'pay-x'].map(test(match, comparison))
    expect(outcomes(/^pay-\d$/, PLAIN)).toEqual(['match', 'undecided', 'undecided', 'mismatch'])
    expect(outcomes(/^Pay-\d$/, PLAIN)).toEqual(['undecided', 'undecided', 'undecided', 'mismatch'])
    expect(outcomes(/^pay-\d$/i, PLAIN)).toEqual(['match', 'match', 'undecided', 'mismatch'])
    expect(outcomes(/^pay-\d$/, EXACT)).toEqual(['match', 'undecided', 'mismatch', 'mismatch'])
    // The coarse form of this value has one space.
    expect(test(/^Pay {2}1$/, PLAIN)('pay  1')).toBe('undecided')
  })

  it('never distinguishes case where values do not', () => {
    expect(test(/^Pay$/, { ...EXACT, pattern: 'ignore-case' })('pay')).toBe('match')
    expect(() => test(/Pay/u, { ...EXACT, pattern: 'ignore-case' })).toThrow('the RegExp /Pay/iu is not anchored')
  })

  it('is not changed by changing the RegExp afterwards', () => {
    const pattern = /^a$/
    const test = compile(pattern)
    pattern.compile('^.*$')
    expect(test('b')).toBe(false)
  })

  it.each([[/^a$/g], [/^a$/m], [/^a$/y], [/^a$/gimsuy]])('refuses the flags of %s', (pattern) => {
    expect(() => compile(pattern)).toThrow(
      new TypeError(`subject.CN: the RegExp ${pattern} must not have the flags g, m or y`),
    )
  })
})

describe('describeTextMatch', () => {
  it.each([
    ['a', 'a'],
    [/^a$/i, '/^a$/i'],
    [['a'], 'a'],
    [['a', 'b', 'c'], 'a|b|c'],
    [['a', 'b', 'c', 'd'], 'a|b|… (4)'],
  ])('writes %j as %s', (match, text) => {
    expect(describeTextMatch(match)).toBe(text)
  })
})
