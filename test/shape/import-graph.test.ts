import { describe, expect, it } from 'vitest'
import { circlesOf, groupGraph, resolveSpecifier, specifiersOf } from './import-graph.ts'

describe('specifiersOf', () => {
  it('finds imports, re-exports and dynamic imports, types too', () => {
    const text = `
      import 'a'
      import b from 'b'
      import {
        type C,
      } from './c.ts'
      import type { D } from "d"
      export * from 'e'
      export { f } from 'f'
      const g = await import('g')
      let h: import('h').H`
    expect(specifiersOf(text)).toEqual(['a', 'b', './c.ts', 'd', 'e', 'f', 'g', 'h'])
  })

  it('finds none in comments, strings and templates', () => {
    const text = `
      // import 'a'
      /** @example import b from 'b' */
      const c = "import 'c'"
      const d = \`import d from 'd'\`
      const e = from + 'e'
      const f = { import: 'f' }`
    expect(specifiersOf(text)).toEqual([])
  })
})

describe('resolveSpecifier', () => {
  it('resolves a relative path', () => {
    expect(resolveSpecifier('../b/c.ts', 'packages/a/src/a.ts')).toBe('packages/a/b/c.ts')
  })

  it('resolves the name of one of our packages', () => {
    const importer = 'examples/quickstart/app.ts'
    expect(resolveSpecifier('@countersign/wire', importer)).toBe('packages/wire/src/index.ts')
    expect(resolveSpecifier('@countersign/dev-edge/testing', importer)).toBe('packages/dev-edge/src/testing/index.ts')
  })

  it('resolves nothing else', () => {
    expect(['fastify', 'node:fs', 'jose/errors'].map((name) => resolveSpecifier(name, 'a.ts'))).toEqual(
      Array(3).fill(undefined),
    )
  })

  it('throws for a path that is not exported', () => {
    expect(() => resolveSpecifier('@countersign/wire/hex', 'a.ts')).toThrow(
      'a.ts imports @countersign/wire/hex, which is not exported',
    )
  })
})

describe('groupGraph', () => {
  it('draws several nodes as one, without arrows inside of it', () => {
    const graph = new Map([
      ['a/1', ['a/2', 'b/1']],
      ['a/2', ['b/2', 'c']],
      ['b/1', ['other']],
    ])
    expect(groupGraph(graph, (node) => (node === 'other' ? undefined : node[0]))).toEqual(
      new Map([
        ['a', ['b', 'c']],
        ['b', []],
      ]),
    )
  })
})

describe('circlesOf', () => {
  it('finds none in a graph that only goes down', () => {
    expect(circlesOf(new Map(Object.entries({ a: ['b', 'c'], b: ['c'], c: ['d'] })))).toEqual([])
  })

  it('finds a pair, a longer circle behind a start, and a file that imports itself', () => {
    expect(circlesOf(new Map(Object.entries({ a: ['b'], b: ['a'] })))).toEqual([['a', 'b', 'a']])
    expect(circlesOf(new Map(Object.entries({ a: ['b'], b: ['c'], c: ['d'], d: ['b'] })))).toEqual([
      ['b', 'c', 'd', 'b'],
    ])
    expect(circlesOf(new Map(Object.entries({ a: ['a'] })))).toEqual([['a', 'a']])
  })
})
