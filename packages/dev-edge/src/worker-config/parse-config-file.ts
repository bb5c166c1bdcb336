import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser'
import { parse as parseToml, TomlError } from 'smol-toml'

/** A section of wrangler's file. */
export type Section = Readonly<Record<string, unknown>>

/**
 * Reads wrangler's file: TOML, or JSON with comments and trailing commas.
 *
 * The two parsers are those of wrangler, without a library of their own. `unstable_readConfig` of wrangler would read
 * the file too, but brings all of wrangler and changes with any release.
 *
 * @throws TypeError that names the file, the line and the mistake
 */
export function parseConfigFile(file: string): Section {
  const text = readText(file)
  const parsed = file.endsWith('.toml') ? readToml(file, text) : readJsonc(file, text)
  if (isSection(parsed)) return parsed
  throw new TypeError(`${shown(file)} must contain an object, such as { "main": "worker.ts" }`)
}

/** The path as the user would write it. */
export function shown(file: string): string {
  return relative(process.cwd(), file)
}

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new TypeError(
      `${shown(file)} cannot be read (${(error as NodeJS.ErrnoException).code}); write the path of your wrangler.jsonc, or --no-config`,
    )
  }
}

function readToml(file: string, text: string): unknown {
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new TypeError(`${shown(file)}:${error.line}:${error.column} is not TOML: ${error.message.split('\n', 1)[0]}`)
  }
}

function readJsonc(file: string, text: string): unknown {
  const errors: ParseError[] = []
  const parsed: unknown = parseJsonc(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error === undefined) return parsed
  const before = text.slice(0, error.offset).split('\n')
  const position = `${before.length}:${(before.at(-1) ?? '').length + 1}`
  throw new TypeError(`${shown(file)}:${position} is not JSON with comments: ${printParseErrorCode(error.error)}`)
}
