import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'

/** Modes of a file: for the user alone, or readable by all. */
export const PRIVATE = 0o600
export const PUBLIC = 0o644

/**
 * Writes a file in one step.
 *
 * A running edge or origin may read the file at any time. It must not read half of it, so the data goes to a temporary
 * file first, and a rename replaces the old file.
 *
 * A private key must not be readable by others even for a moment, so the mode is set when the file is created. The flag
 * `wx` refuses a file or a link that an attacker has put at the temporary path.
 *
 * @param mode - {@link PRIVATE} or {@link PUBLIC}
 * @throws Error of Node if the folder cannot be written
 */
export async function writeWhole(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  await writeFile(temporary, data, { mode, flag: 'wx' })
  await rename(temporary, path)
}
