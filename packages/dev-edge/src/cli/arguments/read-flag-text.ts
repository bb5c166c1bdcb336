import { readFileSync } from 'node:fs'

/**
 * Reads the file of a flag.
 *
 * @param flag - for the error
 * @throws TypeError that tells the user what to write
 */
export function readFlagText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new TypeError(`${flag} cannot be read (${(error as NodeJS.ErrnoException).code}); write the path of a file`)
  }
}

/**
 * Reads the JSON file of a flag.
 *
 * @param flag - for the error
 * @throws TypeError that tells the user what to write. It quotes nothing of the file
 */
export function readFlagJson(path: string, flag: string): unknown {
  const text = readFlagText(path, flag)
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes its input, and the input may be a key.
    throw new TypeError(`${flag} is not valid JSON; write the path of a file with JSON`)
  }
}
