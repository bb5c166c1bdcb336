import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Waits for a line of a program's standard output. The lines before it are lost, and later ones are not read.
 *
 * @param program - with a pipe for its standard output
 * @throws Error that names the program, if it ends before
 * @example
 * ```ts
 * const { url } = JSON.parse(await lineOf(dev, /"started"/))
 * ```
 */
export async function lineOf({ stdout, spawnargs }: ChildProcess, pattern: RegExp): Promise<string> {
  if (stdout) {
    for await (const line of createInterface({ input: stdout })) {
      if (pattern.test(line)) return line
    }
  }
  throw new Error(`${spawnargs.join(' ')} ended before a line with ${pattern}`)
}
