import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LocalRegistry } from './local-registry.ts'

/** Longer than any command takes, so that one which hangs is named too. */
const TIMEOUT_MS = 180_000

/** The command of each package manager that adds libraries to a project. */
export const INSTALL = {
  npm: ['npm', 'install'],
  // pnpm fails if it has not been told of each install script. These two check that a binary runs.
  pnpm: ['npx', '--yes', 'pnpm@12', 'add', '--allow-build=esbuild', '--allow-build=workerd'],
} as const

export type PackageManager = keyof typeof INSTALL

/** The end of a command. */
export interface Outcome {
  readonly isOk: boolean
  readonly stdout: string
  /** Standard output, and then standard error. */
  readonly output: string
}

/** A project of a user, outside of the repository. */
export interface FreshProject {
  readonly folder: string
  /** Runs a command in the folder with the local registry. */
  attempt(command: string, ...args: string[]): Promise<Outcome>
  /**
   * The same, and returns its standard output.
   *
   * @throws Error with the whole output, if the command fails
   */
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
    attempt: (command, ...args) => attempt(folder, registry.env, command, args),
    async run(command, ...args) {
      const { isOk, stdout, output } = await project.attempt(command, ...args)
      if (!isOk) throw new Error(`${[command, ...args].join(' ')} failed:\n${output}`)
      return stdout
    },
  }
  const [command, ...args] = INSTALL[manager]
  await project.run(command, ...args, ...libraries)
  return project
}

function attempt(cwd: string, env: NodeJS.ProcessEnv, command: string, args: readonly string[]): Promise<Outcome> {
  const options = { cwd, env, maxBuffer: 2 ** 26, timeout: TIMEOUT_MS }
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const ending = error?.killed ? `\nended after ${TIMEOUT_MS / 1000} seconds` : ''
      const failure = error && typeof error.code === 'string' ? `\n${error.message}` : ''
      resolve({ isOk: error === null, stdout, output: `${stdout}${stderr}${failure}${ending}` })
    })
  })
}
