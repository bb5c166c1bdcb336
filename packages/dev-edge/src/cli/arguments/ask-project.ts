import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import type { SignatureAlgorithm } from '@countersign/wire'
import {
  nameValues,
  type ProjectValues,
  parseAudience,
  parseCaText,
  parseRoutedHost,
  parseTeam,
} from '../../init/project-values.ts'
import { style } from '../output/print.ts'

/** The values as the user writes them. `ca` is the path of a file. */
export type ProjectFlags = { readonly [Name in keyof ProjectValues]?: string }

interface Question<Value> {
  readonly text: string
  /** The answer to an empty line. */
  readonly preset?: string
  readonly parse: (text: string) => Value
}

/** The values in the order of the questions. Each is a flag, too. */
const QUESTIONS: { readonly [Name in keyof ProjectValues]: Question<ProjectValues[Name]> } = {
  hostname: { text: 'Hostname at Cloudflare, such as app.example.com', parse: parseRoutedHost },
  team: { text: 'Access team, the acme of acme.cloudflareaccess.com', parse: parseTeam },
  audience: { text: "The application's Audience (AUD) tag, 64 hexadecimal digits", parse: parseAudience },
  ca: { text: 'File with the CA of the client certificates, in PEM', parse: readCa },
  algorithm: {
    text: 'Algorithm of the signature, hmac-sha256 or ed25519',
    preset: 'hmac-sha256',
    parse: parseAlgorithm,
  },
}

const NAMES = Object.keys(QUESTIONS) as (keyof ProjectValues)[]

/**
 * Parses the flags.
 *
 * @throws TypeError that names the flags that are missing, or the flag that is wrong
 */
export function parseProjectFlags(flags: ProjectFlags): ProjectValues {
  const missing = NAMES.filter((name) => (flags[name] ?? QUESTIONS[name].preset) === undefined)
  if (missing.length > 0) {
    const write = missing.map((name) => `--${name} ${name === 'ca' ? 'FILE' : name.toUpperCase()}`).join(' ')
    throw new TypeError(
      `${missing.map((name) => `--${name}`).join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing; write ${write}`,
    )
  }
  return toValues(textsOf((name) => parseFlag(name, flags[name] ?? QUESTIONS[name].preset ?? '')))
}

/**
 * Asks for each value without a flag. A wrong answer is asked again, after its error.
 *
 * @param input - a terminal
 * @throws TypeError that names a wrong flag; Error if the input ends before the last answer
 */
export async function askProject(
  flags: ProjectFlags,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<ProjectValues> {
  // All flags first: a wrong one is not worth four answers.
  const given = textsOf((name) => (flags[name] === undefined ? undefined : parseFlag(name, flags[name])))
  const reader = createInterface({ input, output })
  const ended = new Promise<never>((_, reject) => {
    reader.once('close', () => reject(new Error('the answers ended; nothing was written')))
  })
  // Without a question that waits for it, the end is not a failure.
  ended.catch(() => {})
  try {
    const texts = textsOf(() => '')
    for (const name of NAMES) texts[name] = given[name] ?? (await Promise.race([ask(QUESTIONS[name]), ended]))
    return toValues(texts)
  } finally {
    reader.close()
  }

  async function ask({ text, preset, parse }: Question<string>): Promise<string> {
    for (;;) {
      const answer = (await reader.question(`${text}${preset === undefined ? '' : ` [${preset}]`}: `)).trim()
      try {
        return parse(answer === '' && preset !== undefined ? preset : answer)
      } catch (error) {
        output.write(`${style('red', nameValues((error as Error).message))}\n`)
      }
    }
  }
}

function textsOf<Text>(textOf: (name: keyof ProjectValues) => Text): Record<keyof ProjectValues, Text> {
  return {
    hostname: textOf('hostname'),
    team: textOf('team'),
    audience: textOf('audience'),
    ca: textOf('ca'),
    algorithm: textOf('algorithm'),
  }
}

/** The algorithm was parsed like the others. */
function toValues(texts: Readonly<Record<keyof ProjectValues, string>>): ProjectValues {
  return { ...texts, algorithm: texts.algorithm as SignatureAlgorithm }
}

function parseFlag(name: keyof ProjectValues, text: string): string {
  try {
    return QUESTIONS[name].parse(text)
  } catch (error) {
    throw new TypeError(`--${nameValues((error as Error).message)}`)
  }
}

function readCa(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new TypeError(`ca cannot be read (${(error as NodeJS.ErrnoException).code}); write the path of a file in PEM`)
  }
  return parseCaText(text)
}

function parseAlgorithm(text: string): SignatureAlgorithm {
  if (text === 'hmac-sha256' || text === 'ed25519') return text
  throw new TypeError('algorithm must be hmac-sha256 or ed25519')
}
