import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ROOT } from '../support/files.ts'
import { blankCode } from './markdown.ts'
import { blank, keepPieces, scanSource } from './scan-source.ts'

/** The words of one text that rules 2 and 4 of CONTRIBUTING avoid. A line with two of them is listed twice. */
export interface VoiceCount {
  readonly words: number
  /** Numbers of the lines with a word of `CLAUSE`. */
  readonly clauses: readonly number[]
  /** Numbers of the lines with a word of `SAYS`. */
  readonly says: readonly number[]
}

/** Hits per 1,000 words. The counts must stay below. */
export const VOICE_LIMITS = { clauses: 1.5, says: 0.5 } as const

/** The two kinds of prose, and their files. */
export const VOICE_SCOPES = {
  comments: ['{packages,examples,test,bench}/**/*.{ts,js,css}', '*.ts'],
  documents: ['*.md', '{docs,packages,examples,test,bench,.changeset}/**/*.md'],
} as const

const WORD = /[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu
const CLAUSE = /\b(?:what|whatever|who|whoever|whom)\b/gi
const SAYS = /\b(?:says|said|unsaid)\b/gi

/** Code of others, generated files, and records of the past. */
const NOT_COUNTED = /(?:^|\/)(?:node_modules|dist|\.[a-z-]+-tmp|\.markdown)\/|CHANGELOG\.md$/

/** Counts prose, as {@link proseOfSource} and {@link proseOfMarkdown} return it. */
export function countVoice(prose: string): VoiceCount {
  return { words: prose.match(WORD)?.length ?? 0, clauses: linesWith(CLAUSE, prose), says: linesWith(SAYS, prose) }
}

/** The comments of a source, without code and quotations. All else is blank, so lines keep their numbers. */
export function proseOfSource(text: string, language: 'script' | 'css'): string {
  const comments = keepPieces(text, scanSource(text, language), ['comment'])
  return withoutQuotations(comments.replace(/^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)/gm, blank))
}

/** The sentences of a Markdown text, without code and quotations. All else is blank, so lines keep their numbers. */
export function proseOfMarkdown(text: string): string {
  const prose = text
    .replace(/^<!-- quotation -->$[\s\S]*?^<!-- \/quotation -->$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/^---\n[\s\S]*?\n---\n/, blank)
    .replace(/^ *>.*$/gm, blank)
    .replace(/\]\([^)\s]*\)/g, blank)
  return withoutQuotations(prose)
}

/** The count of every text below a folder, by path, of one scope. */
export function voiceOf(scope: keyof typeof VOICE_SCOPES, root: string = ROOT): Map<string, VoiceCount> {
  const paths = globSync([...VOICE_SCOPES[scope]], { cwd: root }).filter((path) => !NOT_COUNTED.test(path))
  const count = (path: string) => {
    const text = readFileSync(join(root, path), 'utf8')
    if (path.endsWith('.md')) return countVoice(proseOfMarkdown(text))
    return countVoice(proseOfSource(text, path.endsWith('.css') ? 'css' : 'script'))
  }
  return new Map(paths.sort().map((path) => [path, count(path)]))
}

/** Hits per 1,000 words. */
export function per1000(hits: readonly number[], words: number): number {
  return words === 0 ? 0 : (1000 * hits.length) / words
}

/** One count of several. */
export function sumVoice(counts: Iterable<VoiceCount>): VoiceCount {
  const all = [...counts]
  return {
    words: all.reduce((sum, { words }) => sum + words, 0),
    clauses: all.flatMap(({ clauses }) => clauses),
    says: all.flatMap(({ says }) => says),
  }
}

function withoutQuotations(prose: string): string {
  return blankCode(prose).replace(/"(?:(?!\n\s*\n)[^"])*"|“(?:(?!\n\s*\n)[^”])*”/g, blank)
}

function linesWith(pattern: RegExp, text: string): number[] {
  return [...text.matchAll(pattern)].map(({ index }) => text.slice(0, index).split('\n').length)
}

/** The number of hits above the limits. */
function excess({ words, clauses, says }: VoiceCount): number {
  const over = (hits: readonly number[], limit: number) => Math.max(0, hits.length - (limit * words) / 1000)
  return over(clauses, VOICE_LIMITS.clauses) + over(says, VOICE_LIMITS.says)
}

/** Prints one scope. The first rows have the most hits above the limits. */
function printTable(scope: keyof typeof VOICE_SCOPES, root: string, byFile: boolean): void {
  const files = voiceOf(scope, root)
  const groups = byFile
    ? files
    : new Map(
        Object.entries(Object.groupBy(files.keys(), (path) => dirname(path))).map(([folder, paths = []]) => [
          folder,
          sumVoice(paths.flatMap((path) => files.get(path) ?? [])),
        ]),
      )
  const row = (name: string, { words, clauses, says }: VoiceCount, lines: string) =>
    [words, clauses.length, per1000(clauses, words).toFixed(2), says.length, per1000(says, words).toFixed(2)]
      .map((cell) => String(cell).padStart(8))
      .concat(`  ${name}${lines}`)
      .join('')
  console.log(`\n${scope}\n   words  clauses   /1000    says   /1000`)
  console.log(row('all', sumVoice(files.values()), ''))
  for (const [name, count] of [...groups].sort(([, a], [, b]) => excess(b) - excess(a))) {
    const lines = [...new Set([...count.clauses, ...count.says])].sort((a, b) => a - b)
    console.log(row(name, count, byFile && lines.length > 0 ? `:${lines.join(',')}` : ''))
  }
}

if (import.meta.main) {
  // node test/shape/voice.ts [--files] [folder]
  const args = process.argv.slice(2)
  const root = resolve(args.find((arg) => !arg.startsWith('--')) ?? ROOT)
  for (const scope of ['comments', 'documents'] as const) printTable(scope, root, args.includes('--files'))
}
