// Writes packages/wire/vectors: `node test/interop/vectors/write-vectors.ts`. The vectors are the same in every run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesMatching, ROOT } from '../../support/files.ts'
import { ACCEPTED } from './accepted.ts'
import { REFUSED_CERTIFICATES } from './refused-certificates.ts'
import { HEADERS_AFTER, REFUSED_HEADERS } from './refused-headers.ts'
import { REFUSED_INPUTS } from './refused-inputs.ts'
import { REFUSED_SIGNATURES } from './refused-signatures.ts'
import { SETTING } from './vector.ts'

/** The folder of the vectors, relative to the root. */
export const FOLDER = 'packages/wire/vectors'

const REFUSED = [
  ...REFUSED_HEADERS,
  ...REFUSED_INPUTS,
  ...REFUSED_SIGNATURES,
  ...HEADERS_AFTER,
  ...REFUSED_CERTIFICATES,
]

/** The text of each file of vectors, by its name. */
export function formatVectors(): Map<string, string> {
  const files = { 'setting.json': SETTING, 'accepted.json': ACCEPTED, 'refused.json': REFUSED }
  return new Map(Object.entries(files).map(([name, content]) => [name, format(content)]))
}

/** JSON with a header a line. */
function format(content: unknown): string {
  const text = JSON.stringify(content, null, 2)
  return `${text.replace(/\[\n +("(?:[^"\\]|\\.)*"),\n +("(?:[^"\\]|\\.)*")\n +\]/g, '[$1, $2]')}\n`
}

/** The names of the files in the folder. */
export function listVectorFiles(): string[] {
  return filesMatching(`${FOLDER}/*.json`).map((path) => path.slice(FOLDER.length + 1))
}

if (import.meta.main) {
  for (const [name, text] of formatVectors()) writeFileSync(join(ROOT, FOLDER, name), text)
}
