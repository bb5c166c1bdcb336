import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A project of its own, or files next to an app that is there. */
export interface ProjectKind {
  readonly isNew: boolean
  /** The extension of the files that the app imports. */
  readonly extension: 'ts' | 'mts'
  /** The path of the README. */
  readonly readme: string
}

/** The first line of the README ends with this. */
const OURS = ' behind Countersign'

/**
 * Looks at a folder, and decides on the kind of files for it.
 *
 * A folder with a `package.json` contains an app, unless an earlier run wrote that file. In a package without
 * `"type": "module"`, TypeScript takes a `.ts` file for CommonJS, so the files for it are `.mts`.
 */
export function recognizeProject(folder: string): ProjectKind {
  const manifest = readManifest(folder)
  const readme = existsSync(join(folder, 'README.md')) && !isOurs(folder) ? 'COUNTERSIGN.md' : 'README.md'
  const hasWorker = existsSync(join(folder, 'worker/wrangler.jsonc'))
  const wasAdded = ['ts', 'mts'].some((extension) => existsSync(join(folder, `countersign.test.${extension}`)))
  if (manifest === undefined || (hasWorker && !wasAdded)) return { isNew: true, extension: 'ts', readme }
  return { isNew: false, extension: manifest.type === 'module' ? 'ts' : 'mts', readme }
}

/** The part of a `package.json` that decides. */
export interface Manifest {
  readonly type?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/**
 * Reads the `package.json` of a folder; `undefined` without one.
 *
 * @throws TypeError if it is not an object in JSON
 */
export function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof manifest === 'object' && manifest !== null) return manifest
  } catch {}
  throw new TypeError(`${path} is not an object in JSON; mend it, or choose another folder with --folder`)
}

function isOurs(folder: string): boolean {
  const [heading = ''] = readFileSync(join(folder, 'README.md'), 'utf8').split('\n')
  return heading.startsWith('# ') && heading.endsWith(OURS)
}
