import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The lines that keep keys and packages out of a repository. */
const LINES = ['node_modules/', '*.env']

/**
 * Adds the missing lines to the `.gitignore` of a folder, at its end. Creates the file without one.
 *
 * The last matching line decides, so a line in front of an exception (`!origin.env`) counts as missing.
 *
 * @returns whether the file was created, extended, or had all lines
 */
export async function ignoreKeys(folder: string): Promise<'created' | 'extended' | 'complete'> {
  const path = join(folder, '.gitignore')
  const present = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const lines = present?.split(/\r?\n/) ?? []
  const lastException = lines.findLastIndex((line) => line.startsWith('!'))
  const missing = LINES.filter((line) => lines.lastIndexOf(line) <= lastException)
  if (missing.length === 0) return 'complete'
  const separator = present === undefined || present === '' || present.endsWith('\n') ? '' : '\n'
  await appendFile(path, `${separator}${missing.join('\n')}\n`)
  return present === undefined ? 'created' : 'extended'
}
