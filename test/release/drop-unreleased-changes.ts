import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { filesMatching, ROOT, readText } from '../support/files.ts'

/** The only changeset of the first release. */
const FIRST = 'first-release.md'

/**
 * Selects the changesets that describe changes between states that were never published.
 *
 * Before the first release, each of them compares with a state that no reader of the changelog could install: a change
 * that breaks nothing of theirs would be announced as a breaking one.
 *
 * @param version - of the packages before the release
 * @param paths - of all changesets
 */
export function unreleasedChanges(version: string, paths: readonly string[]): string[] {
  return version === '0.0.0' ? paths.filter((path) => basename(path) !== FIRST) : []
}

if (import.meta.main) {
  // Before `changeset version`, which takes the changesets into the changelogs.
  const { version } = JSON.parse(readText('packages/wire/package.json'))
  const dropped = unreleasedChanges(version, filesMatching('.changeset/*.md'))
  for (const path of dropped) rmSync(join(ROOT, path))
  if (dropped.length > 0) console.log(`left out ${dropped.length} changesets of states that were never published`)
}
