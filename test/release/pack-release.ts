import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from '../support/files.ts'
import { PUBLISHED, packPackages } from '../support/pack-packages.ts'
import { readWorkflow, repositoryFields } from './release-manifest.ts'

/**
 * Builds the packages and packs them as the workflow `release` publishes them. It writes into the manifests the repository
 * in which the workflow runs, so it is for a checkout that nobody keeps.
 *
 * @param folder - the folder for the tarballs; it must be empty
 * @throws Error if the tag of the workflow is not the version of every package
 */
export function packRelease(folder: string, env: NodeJS.ProcessEnv): string[] {
  const manifests = PUBLISHED.map((name) => {
    const path = join(ROOT, 'packages', name, 'package.json')
    return { name, path, manifest: JSON.parse(readFileSync(path, 'utf8')) }
  })
  const versions = manifests.map(({ manifest }) => manifest.version)
  const { repository, tag } = readWorkflow(env, versions)
  for (const { name, path, manifest } of manifests) {
    writeFileSync(path, `${JSON.stringify({ ...manifest, ...repositoryFields(repository, tag, name) }, null, 2)}\n`)
  }
  execFileSync('pnpm', ['build'], { cwd: ROOT, stdio: 'inherit' })
  mkdirSync(folder, { recursive: true })
  return packPackages(folder)
}

if (import.meta.main) {
  // node test/release/pack-release.ts <folder>
  const [folder = 'tarballs'] = process.argv.slice(2)
  for (const tarball of packRelease(resolve(folder), process.env)) console.log(tarball)
}
