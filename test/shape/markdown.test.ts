import { describe, expect, it } from 'vitest'
import { blankCode, codeBlocks, headingAnchors, inlineCode, linkTargets } from './markdown.ts'

describe('codeBlocks', () => {
  it('finds blocks with their language, line and note', () => {
    const text = 'a\n\n```ts\nb\n\nc\n```\n\n<!-- ts: app, ops -->\n\n```ts\nd\n```\n```\ne\n```\n'
    expect(codeBlocks(text)).toEqual([
      { language: 'ts', code: 'b\n\nc\n', line: 3, note: undefined, file: undefined },
      { language: 'ts', code: 'd\n', line: 11, note: 'app, ops', file: undefined },
      { language: '', code: 'e\n', line: 14, note: undefined, file: undefined },
    ])
  })

  it('finds the file that a block quotes', () => {
    const text = '[examples/a/app.ts](../examples/a/app.ts)\n\n```ts\nb\n```\n\nc\n\n```ts\nd\n```\n'
    expect(codeBlocks(text).map(({ file }) => file)).toEqual(['app.ts', undefined])
  })

  it('takes the indentation of the fence off the code', () => {
    expect(codeBlocks('- a\n\n  ```ts\n  b {\n    c\n  ```\n')[0]?.code).toBe('b {\n  c\n')
  })

  it('ends a block at a fence of the same length', () => {
    expect(codeBlocks('````md\n```ts\na\n```\n````\n').map(({ language }) => language)).toEqual(['md'])
  })
})

describe('blankCode', () => {
  it('blanks blocks and inline code, and keeps lines', () => {
    expect(blankCode('a `b` c\n```\nd\n```\ne')).toBe('a     c\n   \n \n   \ne')
  })
})

describe('inlineCode', () => {
  it('finds the words of inline code alone', () => {
    expect(inlineCode('a `b` `node c.ts`\n```\n`d`\n```\n')).toEqual(['b', 'node', 'c.ts'])
  })
})

describe('linkTargets', () => {
  it('finds links, images and definitions', () => {
    expect(linkTargets('[a](b.md#c) ![d](e.png "f") [`g`](h)\n[i]: j')).toEqual(['b.md#c', 'e.png', 'h', 'j'])
  })

  it('finds none in code', () => {
    expect(linkTargets('`[a](b)`\n```\n[c](d)\n```\n')).toEqual([])
  })
})

describe('headingAnchors', () => {
  it('writes them as GitHub does', () => {
    const text = '# Who may import whom\n## `a.b()`: c, d\n### [e](f) – g\n## Two\n## Two\n```\n# no\n```\n'
    expect([...headingAnchors(text)]).toEqual(['who-may-import-whom', 'ab-c-d', 'e--g', 'two', 'two-1'])
  })
})
