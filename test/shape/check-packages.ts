import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { figuresOf, formatFigures, staleFigures } from '../release/package-figures.ts'
import { ROOT } from '../support/files.ts'
import { PUBLISHED, packPackages } from '../support/pack-packages.ts'

/**
 * Packs every package as for publication, and checks the tarball for its users: the exports resolve, the types agree with
 * them, and no file is missing. Prints the figures of each, and fails if docs/packages.md has others.
 * `--write` writes them there. Needs a build.
 */
const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: ROOT, stdio: 'inherit' })

const DOCUMENT = join(ROOT, 'docs/packages.md')

try {
  const figures = packPackages(folder).map((tarball, at) => {
    run('publint', 'run', tarball, '--strict')
    // esm-only: there is no CommonJS build for require() to find.
    run('attw', tarball, '--profile', 'esm-only')
    return figuresOf(PUBLISHED[at] as (typeof PUBLISHED)[number], tarball)
  })
  const table = formatFigures(figures)
  console.log(`\n${table}`)
  const document = readFileSync(DOCUMENT, 'utf8')
  if (process.argv.includes('--write')) {
    writeFileSync(
      DOCUMENT,
      document.replace(/\| package \| tarball.*?\n(?!\|)/s, () => table),
    )
  } else {
    const stale = staleFigures(document, table)
    if (stale.length > 0) {
      throw new Error(`docs/packages.md is stale; run pnpm check:packages --write\n${stale.join('\n')}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
