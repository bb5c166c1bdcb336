import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * The paths of versions of Node, from npm.
 *
 * One after the other: two runs of npx must not install the same package at the same time.
 *
 * @param versions - such as `22.13`
 */
export async function installNodes(
  versions: Iterable<string>,
  env: NodeJS.ProcessEnv,
): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>()
  for (const version of versions) {
    const args = ['--yes', '--package', `node@${version}`, 'node', '--print', 'process.execPath']
    const { stdout } = await run('npx', args, { cwd: tmpdir(), env })
    paths.set(version, stdout.trim())
  }
  return paths
}
