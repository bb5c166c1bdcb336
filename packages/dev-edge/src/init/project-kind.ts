import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findServerFile } from './find-server-file.ts'
import { nearestManifest, readManifest, readProjectText } from './manifest.ts'

/** A project of its own, or files next to an app that is there. */
export interface ProjectKind {
  readonly isNew: boolean
  /** The extension of the files that the app imports. */
  readonly extension: 'ts' | 'mts'
  /** Whether the app is in modules, and not in CommonJS. */
  readonly isModule: boolean
  /** The path of the README. */
  readonly readme: string
  /** The path of the file that starts the server. */
  readonly server: string
}

/** The first line of the README ends with this. */
const OURS = ' behind Countersign'

/** An `import` or `export` at the start of a line, which Node too takes for a module. */
const MODULE_SYNTAX = /^(?:import\s*[\w{*'"]|export\s)/m

/**
 * Looks at a folder, and decides on the kind of files for it.
 *
 * A folder with a `package.json` or with a server contains an app, unless an earlier run wrote these files. In a package
 * without `"type": "module"`, TypeScript takes a `.ts` file for CommonJS, so the files for it are `.mts`.
 */
export function recognizeProject(folder: string): ProjectKind {
  const manifest = readManifest(folder)
  const server = findServerFile(folder)
  const readme = existsSync(join(folder, 'README.md')) && !isOurs(folder) ? 'COUNTERSIGN.md' : 'README.md'
  const hasWorker = existsSync(join(folder, 'worker/wrangler.jsonc'))
  const wasAdded = ['ts', 'mts'].some((extension) => existsSync(join(folder, `countersign.test.${extension}`)))
  const hasApp = manifest !== undefined || server !== undefined
  if (!hasApp || (hasWorker && !wasAdded)) {
    return { isNew: true, extension: 'ts', isModule: true, readme, server: 'server.ts' }
  }
  const isPackageOfModules = nearestManifest(folder)?.type === 'module'
  return {
    isNew: false,
    extension: isPackageOfModules ? 'ts' : 'mts',
    isModule: server === undefined ? isPackageOfModules : isModuleFile(folder, server),
    readme,
    server: server ?? 'server.js',
  }
}

/**
 * Whether Node runs a file as a module. The type in a `package.json` precedes the syntax. TypeScript in a package without
 * a type can be compiled to CommonJS.
 */
function isModuleFile(folder: string, path: string): boolean {
  const manifest = nearestManifest(folder)
  const isKnown = /\.[mc][jt]s$/.test(path)
  if (isKnown || manifest?.type !== undefined) return isKnown ? /\.m[jt]s$/.test(path) : manifest?.type === 'module'
  if (manifest !== undefined && path.endsWith('.ts')) return false
  return MODULE_SYNTAX.test(readProjectText(join(folder, path)))
}

function isOurs(folder: string): boolean {
  const [heading = ''] = readProjectText(join(folder, 'README.md')).split('\n')
  return heading.startsWith('# ') && heading.endsWith(OURS)
}
