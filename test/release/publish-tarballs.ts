import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

// No import but Node's: the job that may publish installs no library.
const run = promisify(execFile)

/** The text of an `.npmrc` that sends a token to a registry. */
export function npmrcOf(registry: string, token: string): string {
  return `registry=${registry}\n${registry.slice(registry.indexOf('//'))}:_authToken=${token}\n`
}

/** The paths of the tarballs in a folder, in order of their names. */
export function tarballsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .toSorted()
    .map((name) => resolve(folder, name))
}

/**
 * Publishes tarballs to the registry of npm's configuration, and leaves out versions that it has.
 * A second run completes a run that failed in the middle.
 *
 * @param flags - further options of `npm publish`, such as `--provenance=false` outside of a workflow
 * @returns the published versions, such as `@countersign/wire@0.1.0`
 */
export async function publishTarballs(
  tarballs: readonly string[],
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<string[]> {
  const registry = await registryOf(env)
  const results = tarballs.map(async (tarball) => {
    const { name, version } = JSON.parse((await run('tar', ['-xzOf', tarball, 'package/package.json'])).stdout)
    if (await isPublished(registry, name, version)) return []
    await run('npm', ['publish', tarball, ...flags], { cwd: tmpdir(), env })
    return [`${name}@${version}`]
  })
  return (await Promise.all(results)).flat()
}

/** The registry of npm's configuration, with a slash at its end. */
export async function registryOf(env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', 'registry'], { cwd: tmpdir(), env })
  return stdout.trim().replace(/\/?$/, '/')
}

async function isPublished(registry: string, name: string, version: string): Promise<boolean> {
  const response = await fetch(new URL(name.replace('/', '%2f'), registry))
  if (response.status === 404) return false
  if (!response.ok) throw new Error(`${registry} answered ${response.status} for ${name}`)
  const { versions } = (await response.json()) as { readonly versions: Readonly<Record<string, unknown>> }
  return version in versions
}

if (import.meta.main) {
  // node test/release/publish-tarballs.ts <folder>
  // Without NPM_TOKEN, npm asks GitHub for the identity of the workflow, its trusted publisher.
  const [folder = '.'] = process.argv.slice(2)
  const secrets = mkdtempSync(join(tmpdir(), 'countersign-'))
  try {
    const { NPM_TOKEN: token, ...env } = process.env
    if (token) {
      env['npm_config_userconfig'] = join(secrets, '.npmrc')
      writeFileSync(env['npm_config_userconfig'], npmrcOf(await registryOf(process.env), token), { mode: 0o600 })
    }
    const published = await publishTarballs(tarballsIn(folder), env)
    console.log(published.join('\n') || 'every version is published already')
  } finally {
    rmSync(secrets, { recursive: true })
  }
}
