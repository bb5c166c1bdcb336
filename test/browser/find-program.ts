import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env } from 'node:process'

/**
 * The path of a program.
 *
 * @param packageName - the Debian package that contains the program
 * @throws Error that names the package, if the program is missing
 */
export function findProgram(name: string, packageName: string): string {
  const path = (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  if (path) return path
  throw new Error(`${name} is not on the PATH: the browser tests need it (apt-get install ${packageName})`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
