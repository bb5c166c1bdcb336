import type { Writable } from 'node:stream'
import * as util from 'node:util'

type Format = Parameters<typeof util.styleText>[0]

/**
 * Lets a command run to its end when the reader of its output has left (`countersign doctor | head -1`). Node would end
 * the process with a stack trace. The exit code stays that of the command.
 *
 * @example
 * ```ts
 * import { runCommand, tolerateClosedPipes } from '@countersign/dev-edge/command'
 *
 * tolerateClosedPipes()
 * process.exitCode = await runCommand(['keygen', '--json'])
 * ```
 */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** Prints a result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a result as one line of JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Prints progress to standard error, apart from the results. */
export function printProgress(text: string): void {
  process.stderr.write(`${style('dim', text, process.stderr)}\n`)
}

/** Prints an error to standard error: the cause and the remedy in a sentence. */
export function printError(text: string): void {
  process.stderr.write(`${style('red', 'countersign:', process.stderr)} ${text}\n`)
}

/** Colours a text if the stream is a terminal and `NO_COLOR` is unset. */
export function style(format: Format, text: string, stream: Writable = process.stdout): string {
  return util.styleText(format, text, { stream, validateStream: true })
}
