import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The root of the workspace. */
export const ROOT = join(import.meta.dirname, '../..')

/** Paths relative to the root that match a glob, in order. */
export function filesMatching(pattern: string): string[] {
  return globSync(pattern, {
    cwd: ROOT,
    exclude: (path) => ['node_modules', 'dist'].includes(basename(path)),
  }).sort()
}

/** A file's text, by its path relative to the root. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** The cells of every row of every table in a Markdown text, without heads and rules. */
export function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line, at, lines) => line.startsWith('|') && !isRule(line) && !isRule(lines[at + 1] ?? ''))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function isRule(line: string): boolean {
  return /^\|[-|: ]+\|$/.test(line)
}
