import { createRequire } from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { isJson } from '../is-json.ts'
import { isSection, parseConfigFile, type Section, shown } from './parse-config-file.ts'
import { readSecrets, type Secrets } from './read-secrets.ts'
import { type Accepted, requireCarried } from './require-carried.ts'
import { selectEnvironment } from './select-environment.ts'

/** A Worker as wrangler's file describes it, in values of the local edge. */
export interface WorkerConfig {
  /** The path of the file, as the user would write it. */
  readonly file: string
  /** The absolute path of the Worker's module. */
  readonly main?: string | undefined
  readonly compatibilityDate?: string | undefined
  readonly compatibilityFlags?: readonly string[] | undefined
  /** Expressions in the source, by the name that they replace. */
  readonly define?: Readonly<Record<string, string>> | undefined
  /** Absolute paths of files, by the module that they replace. */
  readonly alias?: Readonly<Record<string, string>> | undefined
  /** The variables and secrets, but for those of Countersign. */
  readonly vars: Readonly<Record<string, unknown>>
  /** The variables of Countersign, in the options of the local edge. */
  readonly bindings: CountersignBindings
  /** Lines that the user should read. They contain no value. */
  readonly notices: readonly string[]
}

interface CountersignBindings {
  readonly forwardCert?: 'leaf' | 'chain' | 'none'
  readonly require?: 'none' | 'verified'
  readonly names?: 'all' | 'rfc2253'
}

/** The Worker's variables that are options of the local edge, with the values that it accepts. */
const OPTIONS_BY_VARIABLE = {
  COUNTERSIGN_FORWARD_CERT: ['forwardCert', ['leaf', 'chain', 'none']],
  COUNTERSIGN_REQUIRE: ['require', ['none', 'verified']],
  COUNTERSIGN_NAMES: ['names', ['all', 'rfc2253']],
} as const

/** Options of {@link readWorkerConfig}. */
export interface WorkerConfigOptions extends Accepted {
  /** The environment of the file. `undefined` means its top level. */
  readonly environment?: string | undefined
}

/**
 * Reads the module, variables, secrets, compatibility date and flags of a Worker from wrangler's file, and the secrets
 * from the files beside it.
 *
 * @throws TypeError that names the file, the key, and the text to write. It contains no value of a variable.
 */
export function readWorkerConfig(path: string, options: WorkerConfigOptions): WorkerConfig {
  const { environment, originBinding, without } = options
  const file = shown(path)
  const top = parseConfigFile(path)
  const config = selectEnvironment(top, environment, file)
  requireCarried(config, file, options)
  const folder = dirname(path)
  const required = readRequiredSecrets(config, file)
  const secrets = readSecrets(folder, environment, required !== undefined)
  const selected = selectSecrets(secrets, required, config, file)
  const all = { ...readVars(config, file, originBinding), ...selected }
  const main = readText(config, 'main', file, '"src/index.ts"')
  const isOwn = (name: string) => name === 'COUNTERSIGN_KEY' || Object.hasOwn(OPTIONS_BY_VARIABLE, name)
  return {
    file,
    main: main === undefined ? undefined : resolve(folder, main),
    compatibilityDate: readText(config, 'compatibility_date', file, '"2026-07-01"'),
    compatibilityFlags: readList(config['compatibility_flags'], `compatibility_flags of ${file}`, '["nodejs_compat"]'),
    define: readTexts(config, 'define', file, '{ "BUILD": "\'local\'" }'),
    alias: readAlias(top, config, path, file),
    vars: Object.fromEntries(Object.entries(all).filter(([name]) => !isOwn(name) && !without.includes(`vars.${name}`))),
    bindings: readBindings(all, file),
    notices: [
      `${file}${environment === undefined ? '' : ` (${environment})`} is read${describeSources(selected, secrets)}.`,
      ...without.map((name) => `The Worker runs without ${name} of ${file}, which it has at Cloudflare.`),
      ...(all['COUNTERSIGN_KEY'] === undefined
        ? []
        : ['COUNTERSIGN_KEY is not read: the edge signs with the key in its folder, and the origin knows that key.']),
    ],
  }
}

function describeSources(selected: object, { sources }: Secrets): string {
  return Object.keys(selected).length > 0 ? `, with the secrets of ${sources.join(', ')}` : ''
}

function readVars(config: Section, file: string, originBinding: string | undefined): Section {
  const { vars = {} } = config
  if (!isSection(vars)) throw new TypeError(`vars of ${file} must be an object such as { "API": "https://…" }`)
  if (vars['COUNTERSIGN_KEY'] !== undefined)
    throw new TypeError(
      `vars.COUNTERSIGN_KEY of ${file} is a secret that everybody with the file can read; remove it, and write npx wrangler secret put COUNTERSIGN_KEY`,
    )
  if (originBinding !== undefined && vars[originBinding] !== undefined)
    throw new TypeError(`vars.${originBinding} of ${file} has the name of --origin-binding; rename one of them`)
  const wrong = Object.keys(vars).find((name) => !isJson(vars[name]))
  if (wrong !== undefined)
    throw new TypeError(`vars.${wrong} of ${file} must be a text, or a value that JSON can carry`)
  return vars
}

function readRequiredSecrets(config: Section, file: string): readonly string[] | undefined {
  const { secrets } = config
  if (secrets === undefined) return undefined
  const example = '["API_TOKEN"]'
  if (!isSection(secrets))
    throw new TypeError(`secrets of ${file} must be an object such as { "required": ${example} }`)
  return readList(secrets['required'], `secrets.required of ${file}`, example) ?? []
}

/** As wrangler does: without a list of secrets all of them, and else those of the list and the overridden variables. */
function selectSecrets(
  { values, sources }: Secrets,
  required: readonly string[] | undefined,
  { vars }: Section,
  file: string,
): Readonly<Record<string, string>> {
  if (required === undefined) return values
  // The edge has a key of its own.
  const missing = required.find((name) => name !== 'COUNTERSIGN_KEY' && values[name] === undefined)
  if (missing !== undefined) {
    const place = sources.find((source) => source !== 'the environment') ?? '.dev.vars beside it'
    throw new TypeError(
      `secrets.required of ${file} lists ${missing}, which is missing; write ${missing}=… to ${place}`,
    )
  }
  const isListed = (name: string) => required.includes(name) || (isSection(vars) && Object.hasOwn(vars, name))
  return Object.fromEntries(Object.entries(values).filter(([name]) => isListed(name)))
}

function readBindings(all: Section, file: string): CountersignBindings {
  const bindings: Record<string, unknown> = {}
  for (const [variable, [option, accepted]] of Object.entries(OPTIONS_BY_VARIABLE)) {
    const value = all[variable]
    if (value === undefined) continue
    if (!(accepted as readonly unknown[]).includes(value))
      throw new TypeError(`${variable} of ${file} must be ${accepted.map((text) => `"${text}"`).join(' or ')}`)
    bindings[option] = value
  }
  return bindings
}

function readText(config: Section, key: string, file: string, example: string): string | undefined {
  const value = config[key]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new TypeError(`${key} of ${file} must be a text such as ${example}`)
}

function readTexts(
  config: Section,
  key: string,
  file: string,
  example: string,
): Readonly<Record<string, string>> | undefined {
  const value = config[key]
  if (value === undefined) return undefined
  if (isSection(value) && Object.values(value).every((text) => typeof text === 'string'))
    return value as Readonly<Record<string, string>>
  throw new TypeError(`${key} of ${file} must be an object of texts such as ${example}`)
}

/** wrangler reads the aliases of the top level alone, and finds each file as `require()` of the file's folder does. */
function readAlias(
  top: Section,
  config: Section,
  path: string,
  file: string,
): Readonly<Record<string, string>> | undefined {
  const alias = readTexts(top, 'alias', file, '{ "library": "./src/library.ts" }')
  if (config['alias'] !== top['alias'])
    throw new TypeError(`alias of ${file} has no effect in an environment; write it at the top level`)
  const { resolve: find } = createRequire(path)
  return (
    alias && Object.fromEntries(Object.entries(alias).map(([module, target]) => [module, findFile(module, target)]))
  )

  function findFile(module: string, target: string): string {
    try {
      const found = find(target)
      if (isAbsolute(found)) return found
    } catch {}
    throw new TypeError(
      `alias[${JSON.stringify(module)}] of ${file} is ${JSON.stringify(target)}, which leads to no file; write a path from the folder of ${file} with its ending, such as "./src/library.ts"`,
    )
  }
}

function readList(value: unknown, where: string, example: string): readonly string[] | undefined {
  if (value === undefined || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))) return value
  throw new TypeError(`${where} must be a list of texts such as ${example}`)
}
