import { readFileSync } from 'node:fs'

/** How a flag that takes keys is described. */
export const KEYS_SOURCE = 'the name of an environment variable, a file, or - for standard input'

/** Names of environment variables. A file of such a name is `./NAME`. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A line of an env file whose value begins like JSON. */
const ENV_LINE = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*(?:'|"|\\"|\s)*[[{]/m

/**
 * Reads the text of keys from an environment variable, a file or standard input.
 *
 * Attack: another user of the machine lists the arguments of processes, and an HMAC key signs any identity. Keys in an
 * argument are refused.
 *
 * @param source - the name of the variable, the path, or `-`
 * @param flag - for the error
 * @throws TypeError that tells the user what to write. It never contains key material.
 */
export function readKeys(source: string, flag: string): string {
  if (/^\s*[[{"']/.test(source)) {
    throw new TypeError(
      `${flag} contains the keys themselves, and every user of this machine can read arguments; write ${KEYS_SOURCE}, such as ${flag} COUNTERSIGN_KEYS`,
    )
  }
  const text = readSource(source, flag)
  if (!ENV_LINE.test(text)) return text
  throw new TypeError(
    `${flag} is a list of environment variables, and not the keys themselves; load it into the environment, and write ${flag} COUNTERSIGN_KEYS, the name of the variable`,
  )
}

/** The place of keys: the variable or the file of this name, or standard input. */
export interface SourceOfKeys {
  readonly kind: 'variable' | 'file' | 'input'
  readonly name: string
}

/** Finds the place that {@link readKeys} reads for a source. */
export function placeOfKeys(source: string): SourceOfKeys {
  if (source === '-') return { kind: 'input', name: source }
  return { kind: variableOf(source) === undefined ? 'file' : 'variable', name: source }
}

/** The value of a variable that is set. */
function variableOf(source: string): string | undefined {
  const value = VARIABLE.test(source) ? process.env[source] : undefined
  return value === '' ? undefined : value
}

function readSource(source: string, flag: string): string {
  const variable = variableOf(source)
  if (variable !== undefined) return variable
  try {
    return readFileSync(source === '-' ? 0 : source, 'utf8')
  } catch (error) {
    throw new TypeError(
      `${flag} is neither a variable that is set nor a file that can be read (${(error as NodeJS.ErrnoException).code}); write ${KEYS_SOURCE}`,
    )
  }
}
