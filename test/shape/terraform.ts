import { createRequire } from 'node:module'
import type { ArgumentsOf, Documented } from './terraform-provider.ts'

// Their declarations refer to the types of a browser, which would change the types of every file of the workspace.
const require = createRequire(import.meta.url)
const { format } = require('@cdktn/hcl-tools') as { format(text: string): Promise<string> }
const { parse } = require('@cdktn/hcl2json') as { parse(path: string, text: string): Promise<Parsed> }

/** The text in the format of `terraform fmt`. */
export { format as formatTerraform }

/** A block of Terraform's language as JSON. Expressions are text in `${…}`. */
export type Body = Readonly<Record<string, unknown>>

/** A resource or a data source of a configuration. */
export interface Resource {
  /** `cloudflare_worker`, or `data.cloudflare_zero_trust_organization`. */
  readonly type: string
  readonly name: string
  readonly body: Body
}

/** A module of Terraform: its files together. */
export interface TerraformModule {
  readonly settings: readonly Body[]
  readonly variables: ReadonlyMap<string, Body>
  readonly outputs: ReadonlyMap<string, Body>
  readonly locals: ReadonlyMap<string, unknown>
  readonly resources: readonly Resource[]
}

interface Parsed {
  readonly terraform?: readonly Body[]
  readonly variable?: Readonly<Record<string, readonly Body[]>>
  readonly output?: Readonly<Record<string, readonly Body[]>>
  readonly locals?: readonly Body[]
  readonly resource?: Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>
  readonly data?: Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>
}

/**
 * Parses the files of a module.
 *
 * @throws Error with file and line if a file does not parse
 */
export async function parseModule(files: Readonly<Record<string, string>>): Promise<TerraformModule> {
  const parsed: Parsed[] = await Promise.all(Object.entries(files).map(([path, text]) => parse(path, text)))
  const named = (blocks: Parsed['variable'] = {}) =>
    Object.entries(blocks).flatMap(([name, bodies]) => bodies.map((body) => [name, body] as const))
  const typed = (prefix: string, blocks: Parsed['resource'] = {}) =>
    Object.entries(blocks).flatMap(([type, of]) =>
      named(of).map(([name, body]) => ({ type: prefix + type, name, body })),
    )
  return {
    settings: parsed.flatMap(({ terraform = [] }) => terraform),
    variables: new Map(parsed.flatMap(({ variable }) => named(variable))),
    outputs: new Map(parsed.flatMap(({ output }) => named(output))),
    locals: new Map(parsed.flatMap(({ locals = [] }) => locals.flatMap((body) => Object.entries(body)))),
    resources: parsed.flatMap(({ resource, data }) => [...typed('', resource), ...typed('data.', data)]),
  }
}

/** The arguments that Terraform itself gives each resource. */
const META_ARGUMENTS = new Set(['count', 'depends_on', 'for_each', 'lifecycle', 'provider'])

/** The arguments of a resource that its documentation does not have, or requires and does not find. */
export function undocumented({ type, name, body }: Resource, documented: Documented | undefined): string[] {
  const place = `${type}.${name}`
  if (!documented) return [`${place} is of an unknown type`]
  const given = Object.fromEntries(Object.entries(body).filter(([argument]) => !META_ARGUMENTS.has(argument)))
  return [
    ...documented.required
      .filter((argument) => !(argument in given))
      .map((argument) => `${place}.${argument} is missing`),
    ...problemsIn(given, documented.arguments, place),
  ]
}

function problemsIn(value: unknown, documented: ArgumentsOf[string], place: string): string[] {
  if (documented === true) return []
  if (Array.isArray(value)) return value.flatMap((item) => problemsIn(item, documented, place))
  if (isWords(documented)) return documented.includes(value as string) ? [] : [`${place} must not be ${value}`]
  if (typeof value !== 'object' || value === null) return [`${place} must be an object`]
  return Object.entries(value).flatMap(([argument, nested]) => {
    const schema = documented[argument]
    return schema === undefined
      ? [`${place}.${argument} is not documented`]
      : problemsIn(nested, schema, `${place}.${argument}`)
  })
}

function isWords(documented: readonly string[] | ArgumentsOf): documented is readonly string[] {
  return Array.isArray(documented)
}

/** A reference to an attribute of a resource, or to the whole resource. */
export interface Reference {
  readonly type: string
  readonly name: string
  readonly attribute: string | undefined
}

/** The references to resources and data sources in a value. */
export function resourceReferences(value: unknown): Reference[] {
  const found = textsIn(value).flatMap((text) => [
    ...text.matchAll(/\b((?:data\.)?cloudflare_\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?/g),
  ])
  return found.map(([, type = '', name = '', attribute]) => ({ type, name, attribute }))
}

/** The names after `var.` or `local.` in a value. */
export function namesAfter(prefix: 'var' | 'local', value: unknown): string[] {
  return textsIn(value).flatMap((text) =>
    [...text.matchAll(new RegExp(`\\b${prefix}\\.(\\w+)`, 'g'))].map(([, name = '']) => name),
  )
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
