import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Prints a result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a result for a script. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Says what is going on, apart from the results. */
export function printProgress(text: string): void {
  process.stderr.write(`${style('dim', text, process.stderr)}\n`)
}

/** Says what went wrong and what to do, in a sentence. */
export function printError(text: string): void {
  process.stderr.write(`${style('red', 'countersign:', process.stderr)} ${text}\n`)
}

/** Colours a text where the stream is a terminal and nobody objects (`NO_COLOR`). */
export function style(format: Format, text: string, stream: Writable = process.stdout): string {
  return styleText(format, text, { stream, validateStream: true })
}
