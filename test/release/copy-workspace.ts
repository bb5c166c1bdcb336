import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from '../support/files.ts'

/**
 * Copies the workspace as it is now, with its changes that are not committed and with its history, and installs it.
 * A changelog names the commit of each changeset, so the copy needs the history.
 *
 * @param folder - must not exist
 */
export function copyWorkspace(folder: string): void {
  execFileSync('git', ['clone', '--quiet', '--shared', ROOT, folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const changed = ['ls-files', '-z', '--modified', '--deleted', '--others', '--exclude-standard']
  const paths = execFileSync('git', changed, { cwd: ROOT, encoding: 'utf8' }).split('\0')
  for (const path of new Set(paths.filter(Boolean))) {
    const target = join(folder, path)
    rmSync(target, { force: true })
    if (!existsSync(join(ROOT, path))) continue
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(ROOT, path), target)
  }
  execFileSync('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: folder, stdio: 'ignore' })
}
