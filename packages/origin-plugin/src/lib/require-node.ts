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
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return
  throw new TypeError(`Node ${running} is too old; install Node ${OLDEST.major}.${OLDEST.minor} or later`)
}

const OLDEST = { major: 22, minor: 13 } as const
