import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../support/files.ts'
import { npmName, PUBLISHED } from '../support/pack-packages.ts'
import { copyWorkspace } from './copy-workspace.ts'
import { createFreshProject, INSTALL, type PackageManager } from './fresh-project.ts'
import { type LocalRegistry, startLocalRegistry } from './local-registry.ts'
import { tarballsIn } from './publish-tarballs.ts'

/**
 * Makes the next release in a copy of the workspace, up to the upload: the registry is on this machine. Then it installs the
 * packages as a user does, with npm and with pnpm, and runs a first program.
 *
 * @throws Error with the step that failed
 */
const run = promisify(execFile)

const LIBRARIES = ['@countersign/dev-edge', '@countersign/origin-plugin', '@countersign/worker', 'fastify@5']
/** Libraries behind the entries `otel` and `openapi`, which an application installs if it uses them. */
const OPTIONAL_LIBRARIES = ['@opentelemetry/api', '@fastify/swagger']

const REPOSITORY = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'acme/countersign' }

const started = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'countersign-release-'))
const tell = (text: string) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`)
const manifestIn = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))

function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

/** Makes the release commit, except for the commit. */
function makeVersion(copy: string): string {
  const before = manifestIn(join(copy, 'packages/wire')).version
  execFileSync('pnpm', ['release:version'], { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] })
  const versions = new Set(PUBLISHED.map((name) => manifestIn(join(copy, 'packages', name)).version))
  expectThat(versions.size === 1, `the packages have the versions ${[...versions].join(', ')}; they share one`)
  const [version] = [...versions]
  for (const name of PUBLISHED) {
    const changelog = readFileSync(join(copy, 'packages', name, 'CHANGELOG.md'), 'utf8')
    expectThat(changelog.includes(`\n## ${version}\n`), `the changelog of ${name} has no heading ${version}`)
    const entries = changelog.match(/^- [0-9a-f]{7,}: /gm)?.length
    expectThat(
      before !== '0.0.0' || entries === 1,
      `the first changelog of ${name} has ${entries} entries, and not one`,
    )
  }
  // The documents must agree with the new version.
  execFileSync('pnpm', ['exec', 'vitest', 'run', '--project', 'shape', 'first-steps', 'documents'], {
    cwd: copy,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return String(version)
}

/** The manifest demands a provenance, so a publication outside of the workflow fails before the upload. */
async function expectRefusal(registry: LocalRegistry, tarball: string): Promise<void> {
  const refused = await run('npm', ['publish', tarball], { cwd: folder, env: registry.env }).catch((error) => error)
  expectThat(/provenance/i.test(String(refused.stderr)), `npm published ${tarball} without a provenance`)
}

async function useAsStranger(registry: LocalRegistry, manager: PackageManager, version: string): Promise<void> {
  const program = readFileSync(join(ROOT, 'test/release/consumer/first-request.ts'), 'utf8')
  const place = mkdtempSync(join(tmpdir(), `countersign-${manager}-`))
  try {
    const libraries = [...LIBRARIES, ...OPTIONAL_LIBRARIES, '@countersign/wire', 'create-countersign']
    const project = await createFreshProject(registry, manager, place, libraries, { 'first-request.ts': program })
    tell(`${manager}: installed`)
    for (const name of PUBLISHED) {
      const { repository, version: installed } = manifestIn(join(place, 'node_modules', npmName(name)))
      expectThat(installed === version, `${manager} installed ${name} ${installed}, not ${version}`)
      expectThat(
        repository?.url === 'git+https://git.example/acme/countersign.git' &&
          repository.directory === `packages/${name}`,
        `the manifest of ${name} does not name the repository of the workflow`,
      )
    }
    const shown = await project.run(join(place, 'node_modules/.bin/countersign'), '--version')
    expectThat(shown.trim() === version, `countersign --version prints ${shown}`)
    tell(`${manager}: ${(await project.run(process.execPath, 'first-request.ts')).trim()}`)
  } finally {
    rmSync(place, { recursive: true })
  }
}

let registry: LocalRegistry | undefined
try {
  const copy = join(folder, 'workspace')
  copyWorkspace(copy)
  tell('copied and installed the workspace')
  const version = makeVersion(copy)
  tell(`made version ${version}`)
  const tarballs = join(folder, 'tarballs')
  execFileSync('pnpm', ['release:pack', tarballs], {
    cwd: copy,
    env: { ...process.env, ...REPOSITORY, GITHUB_REF_NAME: `v${version}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  tell('built and packed')
  registry = await startLocalRegistry()
  const [first = ''] = tarballsIn(tarballs)
  await expectRefusal(registry, first)
  const published = await registry.publish(tarballsIn(tarballs))
  expectThat(published.length === PUBLISHED.length, `published ${published.join(', ')} only`)
  const again = await registry.publish(tarballsIn(tarballs))
  expectThat(again.length === 0, `published ${again.join(', ')} twice`)
  tell(`published ${published.join(', ')} at ${registry.url}`)
  const source = registry
  const managers = Object.keys(INSTALL) as PackageManager[]
  // Each ends before the registry does: without it, an installation would ask again for minutes.
  const uses = await Promise.allSettled(managers.map((manager) => useAsStranger(source, manager, version)))
  for (const use of uses) if (use.status === 'rejected') throw use.reason
} finally {
  await registry?.close()
  rmSync(folder, { recursive: true, force: true })
}
