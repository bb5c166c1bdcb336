import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { LocalRegistry } from './local-registry.ts'

const run = promisify(execFile)

/** The command of each package manager that adds libraries to a project. */
export const INSTALL = {
  npm: ['npm', 'install'],
  // pnpm fails if it has not been told of each install script. These two check that a binary runs.
  pnpm: ['npx', '--yes', 'pnpm@12', 'add', '--allow-build=esbuild', '--allow-build=workerd'],
} as const

export type PackageManager = keyof typeof INSTALL

/** A project of a user, outside of the repository. */
export interface FreshProject {
  readonly folder: string
  /** Runs a command in the folder with the local registry, and returns its output. */
  run(command: string, ...args: string[]): Promise<string>
}

/**
 * Makes a project with libraries from the local registry.
 *
 * @param folder - outside of every other project, so that no library is found above it
 * @param files - the text of each file, by its path; a `package.json` of their own takes the place of a plain one
 */
export async function createFreshProject(
  registry: LocalRegistry,
  manager: PackageManager,
  folder: string,
  libraries: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<FreshProject> {
  const manifest = JSON.stringify({ name: 'fresh-project', private: true, type: 'module' })
  for (const [path, text] of Object.entries({ 'package.json': manifest, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const project: FreshProject = {
    folder,
    async run(command, ...args) {
      return (await run(command, args, { cwd: folder, env: registry.env, maxBuffer: 2 ** 26 })).stdout
    },
  }
  const [command, ...args] = INSTALL[manager]
  await project.run(command, ...args, ...libraries)
  return project
}
