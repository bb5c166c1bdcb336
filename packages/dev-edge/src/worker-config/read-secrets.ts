import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as util from 'node:util'
import { shown } from './parse-config-file.ts'

/** The secrets of a Worker on this machine. */
export interface Secrets {
  readonly values: Readonly<Record<string, string>>
  /** The files and other sources that were read, for messages. */
  readonly sources: readonly string[]
}

/** A value that wrangler would expand. */
const REFERENCE = /(?<!\\)\$(?:\{|[A-Za-z_])/

/**
 * Reads secrets from the files that `wrangler dev` reads: `.dev.vars.<environment>` or `.dev.vars`. Only if both are
 * missing: `.env`, `.env.local`, `.env.<environment>` and `.env.<environment>.local`, a later one over a former.
 *
 * @param folder - the folder of wrangler's file
 * @param isDeclared - whether the file lists its secrets. wrangler then takes them from the process's environment too.
 * @throws TypeError for a value in `.env` that refers to another variable. wrangler expands it, and the edge does not.
 * @see
 * {@link https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets Cloudflare: secrets in local development}
 */
export function readSecrets(
  folder: string,
  environment: string | undefined,
  isDeclared: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Secrets {
  const devVars = namesFor('.dev.vars', environment)
    .map((name) => join(folder, name))
    .findLast((path) => existsSync(path))
  if (devVars !== undefined) return { values: parseFile(devVars), sources: [shown(devVars)] }
  if (env['CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV'] === 'false') return { values: {}, sources: [] }
  const files = namesFor('.env', environment)
    .flatMap((name) => [join(folder, name), join(folder, `${name}.local`)])
    .filter((path) => existsSync(path))
  const values: Record<string, string> = {}
  for (const path of files) Object.assign(values, requireNoReference(path, parseFile(path)))
  const sources = files.map(shown)
  if (!isDeclared && env['CLOUDFLARE_INCLUDE_PROCESS_ENV'] !== 'true') return { values, sources }
  return { values: { ...values, ...definedIn(env) }, sources: [...sources, 'the environment'] }
}

function namesFor(name: string, environment: string | undefined): string[] {
  return environment === undefined ? [name] : [name, `${name}.${environment}`]
}

function parseFile(path: string): Record<string, string> {
  return definedIn(util.parseEnv(readFileSync(path, 'utf8')))
}

function definedIn(env: NodeJS.Dict<string>): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) values[name] = value
  return values
}

function requireNoReference(path: string, values: Readonly<Record<string, string>>): typeof values {
  const [name] = Object.entries(values).find(([, value]) => REFERENCE.test(value)) ?? []
  if (name === undefined) return values
  throw new TypeError(
    `${name} in ${shown(path)} refers to another variable, which the local edge does not expand; write its value, or move it to .dev.vars`,
  )
}
