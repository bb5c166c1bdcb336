import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesMatching, ROOT, readText } from '../support/files.ts'

/** A passage that is true only before the first release, with its marks. */
const PASSAGE = /<!-- until the first release -->\n(.*?)<!-- \/until the first release -->\n/gs
/** A passage that is a paragraph of its own has an empty line before and after it, and one of them goes with it. */
const PARAGRAPH = new RegExp(`(?<=\\n\\n)${PASSAGE.source}\\n`, 'gs')

/** The texts of the passages that are true only before the first release. */
export function firstReleaseNotes(markdown: string): string[] {
  return [...markdown.matchAll(PASSAGE)].map(([, text]) => String(text))
}

/** A document without the passages that are true only before the first release. */
export function dropFirstReleaseNotes(markdown: string): string {
  return markdown.replace(PARAGRAPH, '').replace(PASSAGE, '')
}

if (import.meta.main) {
  // After `changeset version`: the release makes these passages untrue.
  for (const path of filesMatching('{*,{docs,packages}/**/*}.md')) {
    const text = readText(path)
    const rest = dropFirstReleaseNotes(text)
    if (rest === text) continue
    writeFileSync(join(ROOT, path), rest)
    console.log(`${path}: removed a passage that was true until the first release`)
  }
}
