/** The version in `engines` of the manifest. A server that is bundled into one file has no manifest to read. */
const OLDEST_NODE = '22.13'

/**
 * Requires the Node of the manifest's `engines`.
 *
 * npm installs the package on an older Node, and only warns. The server would start, and requests would fail later.
 * An import of a name that an old Node lacks would be a `SyntaxError` before this check. So the modules read such names
 * from the module: `crypto.hash`.
 *
 * @param running - such as `22.13.1`
 * @throws TypeError that names the version to install
 * @example
 * ```ts
 * requireNode('20.20.2') // TypeError: Node 20.20.2 is too old; install Node 22.13 or later
 * ```
 */
export function requireNode(running: string): void {
  const [major = 0, minor = 0] = running.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new TypeError(`Node ${running} is too old; install Node ${OLDEST_NODE} or later`)
}
