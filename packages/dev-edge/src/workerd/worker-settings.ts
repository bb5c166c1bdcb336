import { isAbsolute } from 'node:path'
import { supportedCompatibilityDate } from 'miniflare'
import { isJson } from '../is-json.ts'

/** The compatibility date of the Worker of Countersign, and of a Worker that sets none. */
export const DEFAULT_COMPATIBILITY_DATE = '2026-07-01'

/**
 * Checks a compatibility date. `undefined` means {@link DEFAULT_COMPATIBILITY_DATE}.
 *
 * Miniflare would run a Worker with a later date than its workerd knows with an earlier one, without an error.
 *
 * @param where - the source of the date in the caller's words
 * @throws TypeError if it is not a date, or too late
 */
export function checkCompatibilityDate(date: string | undefined, where = 'compatibilityDate'): void {
  if (date === undefined) return
  if (!isDate(date)) throw new TypeError(`${where} must be a date such as "${DEFAULT_COMPATIBILITY_DATE}"`)
  if (date > supportedCompatibilityDate)
    throw new TypeError(
      `${where} is ${date}, and this workerd knows dates up to ${supportedCompatibilityDate}; write an earlier one, or update @countersign/dev-edge`,
    )
}

/** @throws TypeError if the flags are not a list of texts. workerd refuses unknown flags when it starts. */
export function checkCompatibilityFlags(flags: readonly string[] | undefined): void {
  if (flags !== undefined && !(Array.isArray(flags) && flags.every((flag) => typeof flag === 'string')))
    throw new TypeError('compatibilityFlags must be a list of texts such as ["nodejs_compat"]')
}

/** A replacement for each option of {@link checkReplacements}. */
const EXAMPLES: Readonly<Record<string, string>> = {
  define: `{ BUILD: '"local"' }`,
  alias: "{ library: '/app/src/library.ts' }",
}

/**
 * Checks the replacements in the source of a Worker.
 *
 * @throws TypeError if they are not texts, an alias is not an absolute path, or the Worker is that of Countersign
 */
export function checkReplacements({
  define,
  alias,
  worker,
}: {
  readonly define?: Readonly<Record<string, string>> | undefined
  readonly alias?: Readonly<Record<string, string>> | undefined
  readonly worker?: string | undefined
}): void {
  for (const [name, values] of Object.entries({ define, alias })) {
    if (values === undefined) continue
    if (worker === undefined)
      throw new TypeError(`${name} has no effect on the Worker of Countersign; pass your own worker, or remove ${name}`)
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw new TypeError(`${name} must be an object of texts such as ${EXAMPLES[name]}`)
    const wrong = Object.keys(values).find((key) => typeof values[key] !== 'string')
    if (wrong !== undefined) throw new TypeError(`${name}[${JSON.stringify(wrong)}] must be a text`)
  }
  const relative = Object.entries(alias ?? {}).find(([, path]) => !isAbsolute(path))
  if (relative !== undefined)
    throw new TypeError(`alias[${JSON.stringify(relative[0])}] must be an absolute path; resolve ${relative[1]} first`)
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/** Variables of Countersign with an option of their own, which the origin's configuration follows. */
const OPTIONS_BY_VARIABLE: Readonly<Record<string, string>> = {
  COUNTERSIGN_KEY: 'key',
  COUNTERSIGN_FORWARD_CERT: 'forwardCert',
  COUNTERSIGN_REQUIRE: 'require',
  COUNTERSIGN_NAMES: 'names',
}

/**
 * Checks the variables of a Worker.
 *
 * @throws TypeError if one is not JSON, is an option of the edge, or belongs to no Worker of the user's own
 */
export function checkVars({
  vars,
  worker,
  originBinding,
}: {
  readonly vars?: Readonly<Record<string, unknown>> | undefined
  readonly worker?: string | undefined
  readonly originBinding?: string | undefined
}): void {
  for (const [name, value] of Object.entries(vars ?? {})) {
    const option = Object.hasOwn(OPTIONS_BY_VARIABLE, name) ? OPTIONS_BY_VARIABLE[name] : undefined
    if (option !== undefined) throw new TypeError(`vars.${name} is the option ${option}; write ${option} in its place`)
    if (name === originBinding) throw new TypeError(`vars.${name} has the name of originBinding; rename one of them`)
    if (worker === undefined)
      throw new TypeError(
        `vars.${name} has no effect on the Worker of Countersign; pass your own worker, or remove vars`,
      )
    if (!isJson(value)) throw new TypeError(`vars.${name} must be a text, or a value that JSON can carry`)
  }
}
