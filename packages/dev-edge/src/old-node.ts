import { readFileSync } from 'node:fs'

/**
 * Compares the running Node with the oldest one that suffices.
 *
 * npm installs a package on an older Node than it needs, and only warns. The first request would then end the process
 * with a stack trace.
 *
 * @param running - such as `22.13.1`
 * @param engines - such as `>=22.13`
 * @returns the error, or `undefined` if the version suffices
 * @example
 * ```ts
 * describeOldNode('20.20.2', '>=22.13') // 'Node 20.20.2 is too old; install Node 22.13 or later'
 * ```
 */
export function describeOldNode(running: string, engines: string): string | undefined {
  const needed = engines.replace('>=', '')
  const [major = 0, minor = 0] = running.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = needed.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined
  return `Node ${running} is too old; install Node ${needed} or later`
}

/**
 * Requires the Node of the manifest.
 *
 * An import of a name that an old Node lacks would be a `SyntaxError` before this check. So the modules read such names
 * from the module: `stream.duplexPair`, `util.styleText`.
 *
 * @throws TypeError that names the version to install
 */
export function requireSupportedNode(): void {
  const tooOld = describeOldNode(process.versions.node, readOwnManifest().engines.node)
  if (tooOld !== undefined) throw new TypeError(tooOld)
}

/** Reads this package's manifest. The path is the same from `src` and from `dist`. */
export function readOwnManifest(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
}
