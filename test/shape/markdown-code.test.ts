import { describe, expect, it } from 'vitest'
import { collectSnippets, compileSnippets, type Snippet } from './snippets.ts'

const snippet = (code: string, changes: Partial<Snippet> = {}): Snippet => ({
  path: 'docs/a.md',
  language: 'ts',
  code,
  line: 10,
  note: undefined,
  file: undefined,
  ...changes,
})

describe('the TypeScript of documents and TSDoc', { timeout: 120_000 }, () => {
  const snippets = collectSnippets()

  it('is read from both', () => {
    expect(snippets.filter(({ path }) => path.endsWith('.md')).length).toBeGreaterThan(15)
    expect(snippets.filter(({ path }) => path.endsWith('.ts')).length).toBeGreaterThan(20)
  })

  it('compiles', async () => {
    expect(await compileSnippets(snippets)).toEqual([])
  })
})

describe('compileSnippets', { timeout: 120_000 }, () => {
  it('reports an error with its document and line', async () => {
    const errors = await compileSnippets([
      snippet('const a = 1\nconst b: string = a\n'),
      snippet('const a = process.env.A.length\n', { line: 20 }),
      snippet('app.get(1)\n', { line: 30, note: 'app' }),
      snippet('ops\n', { line: 40, note: 'unknown' }),
    ])
    expect(errors.map((error) => error.replace(/: error.*/, ''))).toEqual([
      'docs/a.md:12',
      'docs/a.md:21',
      'docs/a.md:31',
      'docs/a.md:41',
    ])
  })

  it('declares the names of a note, and the exports of a source', async () => {
    const fine = [
      snippet("app.get('/ops', ops)\n", { note: 'app, ops' }),
      snippet("import { buildApp } from './app.ts'\nawait buildApp()\n", { line: 20 }),
      snippet('export async function buildApp() {}\n', { line: 30, file: 'app.ts' }),
      snippet("normalizeHex('ab:cd')\n", { path: 'packages/wire/src/hex.ts' }),
    ]
    expect(await compileSnippets(fine)).toEqual([])
  })
})
