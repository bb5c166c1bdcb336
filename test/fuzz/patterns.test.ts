import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PLAIN } from '../../packages/origin-plugin/src/guards/text-comparison.ts'
import { compileTextMatch } from '../../packages/origin-plugin/src/guards/text-match.ts'
import { fuzz } from './fuzz.ts'

// Pieces instead of whole patterns: they combine to patterns that look anchored and are not.
const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    '.',
    '^',
    '$',
    '|',
    '(',
    ')',
    '(?:',
    '(?=',
    '(?!',
    '(?<=',
    '(?<!',
    '(?i:',
    '(?m:',
    '(?<n>',
    '\\k<n>',
    '[',
    ']',
  ],
  ...[
    '[^',
    '[]',
    '[^]',
    '\\',
    '\\\\',
    '\\|',
    '\\$',
    '\\^',
    '\\(',
    '\\[',
    '\\]',
    '\\b',
    '\\B',
    '\\d',
    '\\c',
    '\\u{61}',
    '\\x',
    '\\1',
  ],
  ...['*', '+', '?', '{2}', '{,2}', '--', '&&', '[[a]', '\\q{a|b}', '$|^', '^|', '|$', '\n'],
)
const source = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''))
const anchored = source.map((inner) => `^${inner}$`)
const flags = fc
  .tuple(fc.constantFrom('', 'u', 'v'), fc.subarray(['d', 'i', 's', 'm', 'g', 'y'], { maxLength: 2 }))
  .map(([set, others]) => set + others.join(''))
const value = fc.string({ unit: fc.constantFrom(...'ab|()[]^$\\\n1,A'), maxLength: 6 })

const pattern = fc.tuple(fc.oneof(source, { weight: 4, arbitrary: anchored }), flags).chain(([source, flags]) => {
  try {
    return fc.constant(new RegExp(source, flags))
  } catch {
    return fc.constant(null)
  }
})

function compile(pattern: RegExp): ((value: string) => boolean) | null {
  try {
    const test = compileTextMatch(pattern, 'subject.CN', PLAIN)
    return (value) => test(value) === 'match'
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return null
  }
}

describe('a pattern', () => {
  it('never admits a value that it matches only in part', () =>
    fuzz(
      fc.property(
        pattern.filter((pattern) => pattern !== null),
        fc.array(value, { minLength: 5, maxLength: 20 }),
        (pattern, values) => {
          const test = compile(pattern)
          const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ''))
          for (const value of values) {
            if (!test?.(value)) continue
            expect(whole.exec(value)?.[0], `${pattern} admits ${JSON.stringify(value)}`).toBe(value)
            expect(test(value), 'again').toBe(true)
          }
        },
      ),
      3,
    ))

  it('in the form that the error message shows is accepted, and admits exactly the values that it matches as a whole', () =>
    fuzz(
      fc.property(source, value, (source, value) => {
        try {
          // The source alone must compile: `a)|(?:b` compiles only inside the group, because it closes it.
          new RegExp(source)
        } catch {
          return
        }
        const whole = new RegExp(`^(?:${source})$`)
        expect(compile(whole)?.(value)).toBe(whole.test(value))
      }),
      2,
    ))
})
