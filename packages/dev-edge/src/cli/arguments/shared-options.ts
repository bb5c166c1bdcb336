import { resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { PKCS12_PASSWORD } from '../../folder/client-files.ts'
import { parseOriginUrl } from '../../net/try-origin.ts'

/** The port of the edge. */
export const DEFAULT_PORT = 8443
/** The port of the Access team's keys. It is fixed, so that the origin's configuration stays valid. */
export const DEFAULT_ACCESS_PORT = 8444

/** The folder of the keys and certificates. */
export function folderOption(): Option {
  return new Option('--folder <path>', 'the folder that keeps keys and certificates between runs')
    .default(resolve('.countersign'), '.countersign')
    .argParser((path) => resolve(path))
}

/** JSON output for scripts. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON, for scripts')
}

export function passwordOption(): Option {
  return new Option('--password <text>', 'the password of the .p12 file').default(PKCS12_PASSWORD)
}

/** Parses a whole number between two bounds, both included. */
export function parseWhole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
  }
}

export const parsePort: (text: string) => number = parseWhole(0, 65_535)

/** File names that mean the same on every file system and cannot leave the folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Parses a client's name. Its files bear the same name. */
export function parseClientName(text: string): string {
  if (!NAME.test(text)) {
    throw new InvalidArgumentError('Write 1 to 64 of the characters A-Z a-z 0-9 . _ -, a letter or digit first.')
  }
  // NAME-key.pem is the key of NAME, so the name "NAME-key" would collide with it.
  if (text.toLowerCase().endsWith('-key')) throw new InvalidArgumentError('A name may not end in "-key".')
  return text
}

/** Parses the name of a Worker's binding. */
export function parseBinding(text: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(text)) return text
  throw new InvalidArgumentError('Write the name of a binding such as COUNTERSIGN_ORIGIN.')
}

/** Parses the address at which the origin listens. */
export function parseOrigin(text: string): string {
  const url = parseOriginUrl(text)
  if (url) return url.origin
  throw new InvalidArgumentError('Write a plain HTTP origin such as http://127.0.0.1:3000.')
}
