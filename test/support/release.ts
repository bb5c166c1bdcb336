import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type countersign from '@countersign/origin-plugin'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGES = ['wire', 'worker', 'origin-plugin']

/** Both ends as another release has them: their sources, next to the libraries of this one. */
export interface Release {
  /** The path of the Worker's module. */
  readonly worker: string
  /** Loads the plugin of the origin. */
  loadPlugin(): Promise<typeof countersign>
  remove(): Promise<void>
}

/**
 * Takes the ends from a commit of this repository.
 *
 * @throws Error if the clone does not have the commit
 */
export async function checkOutRelease(commit: string): Promise<Release> {
  return await createRelease(async (folder) => {
    const archive = join(folder, 'release.tar')
    const paths = PACKAGES.map((name) => `packages/${name}`)
    try {
      await run('git', ['archive', '--format=tar', `--output=${archive}`, commit, ...paths], { cwd: ROOT })
    } catch (error) {
      const message = `the clone does not have the commit ${commit} of the previous release; run git fetch --unshallow`
      throw new Error(message, { cause: error })
    }
    await run('tar', ['-xf', archive], { cwd: folder })
  })
}

/** Rows in the syntax of the table. Their values are those of known rows, and their names are not in order. */
const FUTURE_ROWS = `
  { name: 'x-cert-zone-2027', field: 'certFingerprintSHA256', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-account', field: 'certNotAfter', syntax: 'date', when: 'presented' },`

/** Takes the ends of this checkout, and appends two rows to the table of headers. */
export async function buildFutureRelease(): Promise<Release> {
  return await createRelease(async (folder) => {
    for (const name of PACKAGES) {
      for (const path of ['src', 'package.json']) {
        const place = join('packages', name, path)
        await cp(join(ROOT, place), join(folder, place), { recursive: true })
      }
    }
    const table = join(folder, 'packages/wire/src/certificate-headers.ts')
    const [before, rows, after] = splitTable(await readFile(table, 'utf8'))
    await writeFile(table, before + rows + FUTURE_ROWS + after)
  })
}

/** The text before the rows of the table, the rows, and the text after them. */
function splitTable(text: string): readonly [string, string, string] {
  const [, before, rows, after] =
    /^(.*\nexport const CERTIFICATE_HEADERS = \[)(.*?)(\n\] as const.*)$/s.exec(text) ?? []
  if (before && rows && after) return [before, rows, after]
  throw new Error('the rows of CERTIFICATE_HEADERS were not found')
}

async function createRelease(fill: (folder: string) => Promise<void>): Promise<Release> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-release-'))
  const remove = () => rm(folder, { recursive: true })
  try {
    await fill(folder)
    await linkLibraries(folder)
  } catch (error) {
    await remove()
    throw error
  }
  const entry = (name: string) => join(folder, 'packages', name, 'src/index.ts')
  return {
    worker: entry('worker'),
    loadPlugin: async () => (await import(/* @vite-ignore */ pathToFileURL(entry('origin-plugin')).href)).default,
    remove,
  }
}

/** Each end imports the table of its own release. The other libraries are installed in this checkout only. */
async function linkLibraries(folder: string): Promise<void> {
  const libraries = ['@fastify/error', 'fastify', 'fastify-plugin', 'jose']
  const links = [
    ...['worker', 'origin-plugin'].map((name) => [name, '@countersign/wire', join(folder, 'packages/wire')] as const),
    ...libraries.map(
      (name) => ['origin-plugin', name, join(ROOT, 'packages/origin-plugin/node_modules', name)] as const,
    ),
  ]
  for (const [from, name, target] of links) {
    const link = join(folder, 'packages', from, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(target, link)
  }
}
