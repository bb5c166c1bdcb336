import { describe, expect, it } from 'vitest'
import {
  countVoice,
  per1000,
  proseOfMarkdown,
  proseOfSource,
  sumVoice,
  VOICE_LIMITS,
  VOICE_SCOPES,
  voiceOf,
} from './voice.ts'

// `node test/shape/voice.ts --files` prints where the words are.
describe.each(Object.keys(VOICE_SCOPES) as (keyof typeof VOICE_SCOPES)[])('the voice of %s', (scope) => {
  const { words, clauses, says } = sumVoice(voiceOf(scope).values())

  it('is read from every folder', () => {
    expect(words).toBeGreaterThan(5_000)
  })

  it('seldom has a clause where a thing has a name: what, whatever, who, whoever, whom', () => {
    expect(per1000(clauses, words)).toBeLessThan(VOICE_LIMITS.clauses)
  })

  it('seldom lets a thing speak: says, said, unsaid', () => {
    expect(per1000(says, words)).toBeLessThan(VOICE_LIMITS.says)
  })
})

describe('countVoice', () => {
  it('counts words, and the lines of those to avoid', () => {
    expect(countVoice("What the client's header says.\nWho cares, whatever\nit said: somewhat unsaid.")).toEqual({
      words: 12,
      clauses: [1, 2, 2],
      says: [1, 3, 3],
    })
  })
})

describe('proseOfSource', () => {
  const wordsOf = (text: string, language: 'script' | 'css' = 'script') =>
    proseOfSource(text, language).split(/\s+/).filter(Boolean).join(' ')

  it('has the comments alone', () => {
    expect(wordsOf("it('says what') // one\n/**\n * two\n * three\n */\nconst said = `who`")).toBe('one two three')
    expect(wordsOf('a { content: "who" } /* one */', 'css')).toBe('one */')
  })

  it('leaves out code and quotations', () => {
    expect(wordsOf('// one `who` two "what\n// is said" three')).toBe('one two three')
    expect(wordsOf('/**\n * one\n * ```ts\n * who()\n * ```\n * two\n */')).toBe('one two')
  })

  it('keeps the numbers of lines', () => {
    expect(countVoice(proseOfSource('a\n// b\n/* c\n * who */', 'script')).clauses).toEqual([4])
  })
})

describe('proseOfMarkdown', () => {
  const wordsOf = (text: string) => proseOfMarkdown(text).split(/\s+/).filter(Boolean).join(' ')

  it('has headings, sentences, lists and tables', () => {
    expect(wordsOf('# one\n\ntwo\n\n- three\n\n| four |\n| --- |')).toBe('# one two - three | four | | --- |')
  })

  it('leaves out code, quotations, comments, addresses and marked passages', () => {
    expect(wordsOf('one\n\n```ts\nwho()\n```\n\ntwo `who` three')).toBe('one two three')
    expect(wordsOf('one "who" two “what” three\n\n> said\n\nfour')).toBe('one two three four')
    expect(wordsOf('one <!-- who --> [two](what/who.md) three')).toBe('one [two three')
    expect(wordsOf('one\n<!-- quotation -->\nwho\n<!-- /quotation -->\ntwo')).toBe('one two')
  })

  it('ends a quotation that is not closed with its paragraph', () => {
    expect(wordsOf('5" of\n\nwho "one"')).toBe('5" of who')
  })
})
