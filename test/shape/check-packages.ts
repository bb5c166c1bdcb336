import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../support/files.ts'

/**
 * Packs every package as for publication, and checks the tarball for its users: the exports resolve, the types agree with
 * them, and no file is missing. Needs a build.
 */
const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: ROOT, stdio: 'inherit' })

try {
  const filters = ['--filter', './packages/*', '--filter', '!@countersign/test-support']
  run('pnpm', '--recursive', ...filters, 'exec', 'pnpm', 'pack', '--pack-destination', folder)
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (tarballs.length !== 4)
    throw new Error(`expected the tarballs of four packages, got ${tarballs.join(', ') || 'none'}`)
  for (const tarball of tarballs.map((name) => join(folder, name))) {
    run('publint', 'run', tarball, '--strict')
    // esm-only: there is no CommonJS build for require() to find.
    run('attw', tarball, '--profile', 'esm-only')
  }
} finally {
  rmSync(folder, { recursive: true })
}
