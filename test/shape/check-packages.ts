import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../support/files.ts'
import { packPackages } from '../support/pack-packages.ts'

/**
 * Packs every package as for publication, and checks the tarball for its users: the exports resolve, the types agree with
 * them, and no file is missing. Needs a build.
 */
const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: ROOT, stdio: 'inherit' })

try {
  for (const tarball of packPackages(folder)) {
    run('publint', 'run', tarball, '--strict')
    // esm-only: there is no CommonJS build for require() to find.
    run('attw', tarball, '--profile', 'esm-only')
  }
} finally {
  rmSync(folder, { recursive: true })
}
