import { statSync } from 'node:fs'
import { join } from 'node:path'
import { readManifest } from './manifest.ts'

/** Names in the order of their likelihood: an `app` is often built by a file beside it, which starts it. */
const NAMES = ['server', 'main', 'index', 'app']
const EXTENSIONS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs']
const FOLDERS = ['', 'src/']

const CANDIDATES = FOLDERS.flatMap((folder) =>
  NAMES.flatMap((name) => EXTENSIONS.map((extension) => `${folder}${name}.${extension}`)),
)

/** The file in a command such as `node --watch src/server.ts`, without the modules that Node loads before it. */
const STARTED_BY_NODE =
  /\bnode\s(?:.*?\s)??(?<!\s(?:-r|--require|--import|--(?:experimental-)?loader)\s+)((?:[\w.-]+\/)*[\w.-]+\.[cm]?[jt]s)(?:\s|$)/

/**
 * Finds the file that starts the server of a folder: that of the script `start`, or the first with a usual name.
 *
 * @returns its path in the folder; `undefined` without such a file
 */
export function findServerFile(folder: string): string | undefined {
  // Commands such as a migration run before the server, and the reader of its log is behind a pipe.
  const commands = startScript(folder).split(/[;&|]/)
  const ofScript = commands.flatMap((command) => STARTED_BY_NODE.exec(command)?.[1] ?? []).at(-1)
  return [ofScript, ...CANDIDATES].find((path) => path !== undefined && isFile(join(folder, path)))
}

/** A folder may have the name of a file, such as `app.js`. A file that cannot be reached does not start the server. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The command of the server does not decide on the start of the edge, so a wrong manifest counts as none. */
function startScript(folder: string): string {
  try {
    return String(readManifest(folder)?.scripts?.['start'] ?? '')
  } catch {
    return ''
  }
}
