import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PRIVATE, PUBLIC } from '../folder/write-whole.ts'
import { ignoreKeys } from './ignored-by-git.ts'
import { installCommands, type ProjectFile, projectFiles } from './project-files.ts'
import { KEY_FILES, keyFiles } from './project-keys.ts'
import { recognizeProject } from './project-kind.ts'
import type { ProjectValues } from './project-values.ts'

/** The files of a project after a run, by their paths in the folder. */
export interface InitializedProject {
  /** Whether the project is one of its own. Otherwise its files stand next to an app. */
  readonly isNew: boolean
  readonly readme: string
  readonly written: readonly string[]
  /** Files that were there, and have more lines now. */
  readonly extended: readonly string[]
  /** Files that were there, and are as they were. */
  readonly leftAlone: readonly string[]
  /** The files with keys that are missing, because their other half was there. */
  readonly withoutKey: readonly string[]
  /** The commands that install the packages. */
  readonly install: readonly string[]
}

/**
 * Writes a Worker, a server behind it, their key and their tests into a folder. In a folder with an app, it writes the
 * files to add to that app.
 *
 * It overwrites no file, so a second run completes the first one.
 *
 * @param folder - is created if it is missing
 * @throws Error if the folder has another CA, or cannot be written
 */
export async function initProject(folder: string, values: ProjectValues): Promise<InitializedProject> {
  const kind = recognizeProject(folder)
  await requireSameCa(folder, values.ca)
  await mkdir(join(folder, 'worker'), { recursive: true })
  // Before the keys: a watching program could commit them.
  const ignored = await ignoreKeys(folder)
  const install = kind.isNew ? ['npm install'] : installCommands(folder)
  const present = KEY_FILES.filter((path) => existsSync(join(folder, path)))
  // Half of a pair would not fit the other half, which stays.
  const keys = present.length === 0 ? keyFiles(values) : []
  const missing = KEY_FILES.filter((path) => present.length > 0 && !present.includes(path))

  const written: string[] = ignored === 'created' ? ['.gitignore'] : []
  const leftAlone: string[] = ignored === 'complete' ? ['.gitignore', ...present] : [...present]
  const write = async ({ path, text }: ProjectFile, mode: number) =>
    ((await writeNew(join(folder, path), text, mode)) ? written : leftAlone).push(path)
  for (const file of keys) await write(file, PRIVATE)
  for (const file of projectFiles(folder, kind, values)) await write(file, PUBLIC)
  return {
    isNew: kind.isNew,
    readme: kind.readme,
    written: written.toSorted(),
    extended: ignored === 'extended' ? ['.gitignore'] : [],
    leftAlone: leftAlone.toSorted(),
    withoutKey: missing,
    install,
  }
}

/** Writes a file that is new. Returns whether it is; a file or a link that was there stays as it was. */
async function writeNew(path: string, text: string, mode: number): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(path, text, { mode, flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The server would trust the CA that was there, and refuse the clients of the one that the user named. */
async function requireSameCa(folder: string, ca: string): Promise<void> {
  const path = join(folder, 'client-ca.pem')
  if (!existsSync(path) || (await readFile(path, 'utf8')) === ca) return
  throw new Error(`${path} is another CA than that of --ca; move it away, or write --ca ${path}`)
}
