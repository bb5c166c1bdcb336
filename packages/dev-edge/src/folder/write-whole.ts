import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'

/** For nobody but the user. */
export const PRIVATE = 0o600
export const PUBLIC = 0o644

/** Writes a file at once, so that a running edge or origin never reads half of one. */
export async function writeWhole(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  await writeFile(temporary, data, { mode, flag: 'wx' })
  await rename(temporary, path)
}
