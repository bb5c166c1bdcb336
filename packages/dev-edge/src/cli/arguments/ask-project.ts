import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
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

/** The values by the names of their flags. */
interface ProjectTexts {
  readonly hostname: string
  readonly team: string
  readonly audience: string
  readonly ca: string
  readonly algorithm: string
}

type Name = keyof ProjectTexts

/** The values as the user writes them. `ca` is the path of a file. `access: false` is a hostname without Access. */
export type ProjectFlags = Partial<ProjectTexts> & { readonly access?: boolean }

interface Question {
  readonly text: string
  /** The answer to an empty line. */
  readonly preset?: string
  readonly parse: (text: string) => string
}

/** The values in the order of the questions. Each is a flag, too. */
const QUESTIONS: Readonly<Record<Name, Question>> = {
  hostname: { text: 'Hostname at Cloudflare, such as app.example.com', parse: parseRoutedHost },
  team: { text: `Access team, the acme of acme.cloudflareaccess.com, or - without Access`, parse: parseTeam },
  audience: { text: "The application's Audience (AUD) tag, 64 hexadecimal digits", parse: parseAudience },
  ca: { text: 'File with the CA of the client certificates, in PEM', parse: readCa },
  algorithm: {
    text: 'Algorithm of the signature, hmac-sha256 or ed25519',
    preset: 'hmac-sha256',
    parse: parseAlgorithm,
  },
}

const NAMES = Object.keys(QUESTIONS) as Name[]

/** The answer to the question for the team that takes the place of `--no-access`. No team has this name. */
const WITHOUT_ACCESS = '-'

/** The values of the Access application. */
const isOfAccess = (name: Name) => name === 'team' || name === 'audience'

/** The values that a project needs. */
const neededNames = ({ access }: ProjectFlags) => NAMES.filter((name) => access !== false || !isOfAccess(name))

/**
 * Parses the flags.
 *
 * @throws TypeError that names the flags that are missing, or the flag that is wrong
 */
export function parseProjectFlags(flags: ProjectFlags): ProjectValues {
  const names = neededNames(flags)
  const missing = names.filter((name) => (flags[name] ?? QUESTIONS[name].preset) === undefined)
  if (missing.length > 0) {
    const write = missing.map((name) => `--${name} ${name === 'ca' ? 'FILE' : name.toUpperCase()}`).join(' ')
    const otherwise = missing.some(isOfAccess) ? '. --no-access takes the place of --team and --audience' : ''
    throw new TypeError(
      `${missing.map((name) => `--${name}`).join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing; write ${write}${otherwise}`,
    )
  }
  return toValues(
    Object.fromEntries(names.map((name) => [name, parseFlag(name, flags[name] ?? QUESTIONS[name].preset ?? '')])),
  )
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
  const texts: Partial<Record<Name, string>> = {}
  for (const name of neededNames(flags)) {
    const text = flags[name]
    if (text !== undefined) texts[name] = parseFlag(name, text)
  }
  let { access } = flags
  const reader = createInterface({ input, output })
  let isComplete = false
  const ended = new Promise<never>((_, reject) => {
    reader.once('close', () => {
      // After Ctrl+C or Ctrl+D the cursor is behind the question, and the error would be as well.
      if (!isComplete) output.write('\n')
      reject(new Error('the answers ended; nothing was written'))
    })
  })
  // Without a question that waits for it, the end is not a failure.
  ended.catch(() => {})
  try {
    for (const name of NAMES) {
      if (texts[name] !== undefined || !neededNames({ access: access ?? true }).includes(name)) continue
      const answer = await Promise.race([ask(name), ended])
      if (answer === WITHOUT_ACCESS) access = false
      else texts[name] = answer
    }
    isComplete = true
    return toValues(texts)
  } finally {
    reader.close()
  }

  async function ask(name: Name): Promise<string> {
    const { text, preset, parse } = QUESTIONS[name]
    for (;;) {
      const answer = (await reader.question(`${text}${preset === undefined ? '' : ` [${preset}]`}: `)).trim()
      // With an audience, the hostname has an application.
      if (name === 'team' && answer === WITHOUT_ACCESS && flags.audience === undefined) return answer
      try {
        return parse(answer === '' && preset !== undefined ? preset : answer)
      } catch (error) {
        output.write(`${style('red', nameValues((error as Error).message))}\n`)
      }
    }
  }
}

/** Every needed value was parsed. */
function toValues({ hostname = '', team, audience, ca = '', algorithm }: Partial<ProjectTexts>): ProjectValues {
  const access = team === undefined || audience === undefined ? null : { team, audience }
  return { hostname, access, ca, algorithm: algorithm as SignatureAlgorithm }
}

function parseFlag(name: Name, text: string): string {
  try {
    return QUESTIONS[name].parse(text)
  } catch (error) {
    throw new TypeError(`--${nameValues((error as Error).message)}`)
  }
}

/** Makes a first CA. The key stays with the user. */
const MAKE_A_CA =
  'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=My client CA" -keyout client-ca-key.pem -out client-ca.pem'

function readCa(path: string): string {
  if (path === '') {
    throw new TypeError(
      `ca is missing; write the path of a file in PEM, or make a first CA in another terminal: ${MAKE_A_CA}`,
    )
  }
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new TypeError(`ca cannot be read (${code} at ${resolve(path)}); write the path of a file in PEM`)
  }
  if (bytes[0] === DER_SEQUENCE && !bytes.includes('-----BEGIN')) {
    throw new TypeError(
      'ca is in DER; write the path of a file in PEM, from openssl x509 -inform der -in FILE -out ca.pem',
    )
  }
  return parseCaText(bytes.toString())
}

/** The first byte of a certificate in DER. */
const DER_SEQUENCE = 0x30

function parseAlgorithm(text: string): SignatureAlgorithm {
  if (text === 'hmac-sha256' || text === 'ed25519') return text
  throw new TypeError('algorithm must be hmac-sha256 or ed25519')
}
