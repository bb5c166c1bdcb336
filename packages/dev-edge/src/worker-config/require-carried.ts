import { isSection, type Section } from './parse-config-file.ts'

/** Keys that the local edge reads. */
const READ = ['main', 'vars', 'secrets', 'compatibility_date', 'compatibility_flags', 'define', 'alias']

/** Keys of the deployment, of its address and of its logs. They change no answer of the Worker on this machine. */
const OF_THE_DEPLOYMENT = [
  '$schema',
  'name',
  'account_id',
  'routes',
  'route',
  'workers_dev',
  'preview_urls',
  'previews',
  'triggers',
  'limits',
  'placement',
  'compliance_region',
  'migrations',
  'observability',
  'logpush',
  'tail_consumers',
  'streaming_tail_consumers',
  'upload_source_maps',
  'minify',
  'keep_names',
  'keep_vars',
  'preserve_file_names',
  'first_party_worker',
  'addresses',
  'send_metrics',
  'dependencies_instrumentation',
  'dev',
]

const UNDERSTOOD: ReadonlySet<string> = new Set([...READ, ...OF_THE_DEPLOYMENT])

/** Kinds of bindings that can lead to the origin, as the option `originBinding` does here. */
const LEADING_TO_AN_ORIGIN: ReadonlySet<string> = new Set(['services', 'vpc_services', 'mtls_certificates'])

/** The Worker of Countersign compares `ctx.access`, which this workerd cannot fill. */
const REQUIRE_ACCESS = 'vars.COUNTERSIGN_REQUIRE_ACCESS'

/** The decisions of the user about keys of the file. */
export interface Accepted {
  readonly originBinding?: string | undefined
  /** Keys that the Worker may run without. */
  readonly without: readonly string[]
}

/**
 * Refuses a file with a key that would have no effect here, unless the user accepts that. A Worker that is tried without
 * its bindings would be another one than the deployed.
 *
 * @param file - for the error
 * @throws TypeError that lists the keys, and the flags that accept them
 */
export function requireCarried(config: Section, file: string, { originBinding, without }: Accepted): void {
  const uncarried = listUncarried(config, originBinding)
  const unknown = without.find((key) => !uncarried.some((other) => other.key === key))
  if (unknown !== undefined)
    throw new TypeError(`--without ${unknown} names no key of ${file} that the local edge lacks; remove it`)
  const refused = uncarried.filter(({ key }) => !without.includes(key))
  if (refused.length === 0) return
  const keys = refused.map(({ key, bindings }) => (bindings.length > 0 ? `${key} (${bindings.join(', ')})` : key))
  const leading = refused.filter(({ key }) => LEADING_TO_AN_ORIGIN.has(key)).flatMap(({ bindings }) => bindings)
  const hint =
    originBinding === undefined && leading[0]
      ? `. If ${leading[0]} leads to the origin, write --origin-binding ${leading[0]}`
      : ''
  throw new TypeError(
    `${file} has keys that the local edge lacks: ${keys.join(', ')}; write ${refused.map(({ key }) => `--without ${key}`).join(' ')} to run the Worker without them${hint}`,
  )
}

interface Uncarried {
  readonly key: string
  readonly bindings: readonly string[]
}

function listUncarried(config: Section, originBinding: string | undefined): Uncarried[] {
  const uncarried: Uncarried[] = []
  for (const [key, value] of Object.entries(config)) {
    if (UNDERSTOOD.has(key) || isEmpty(value)) continue
    const all = bindingsOf(value)
    const bindings = LEADING_TO_AN_ORIGIN.has(key) ? all.filter((name) => name !== originBinding) : all
    if (all.length === 0 || bindings.length > 0) uncarried.push({ key, bindings })
  }
  const { vars } = config
  if (isSection(vars) && !isEmpty(vars['COUNTERSIGN_REQUIRE_ACCESS']))
    uncarried.push({ key: REQUIRE_ACCESS, bindings: [] })
  return uncarried
}

/** The names under which the Worker sees a binding. Durable Objects write `name` for it, all other kinds `binding`. */
function bindingsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(bindingsOf)
  if (!isSection(value)) return []
  const name = value['binding'] ?? value['name']
  return typeof name === 'string' ? [name] : Object.values(value).flatMap(bindingsOf)
}

/** Whether a value switches nothing on: `false`, `[]`, or `{ "bindings": [] }`. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return value === undefined || value === null || value === false || value === ''
  return Object.values(value).every(isEmpty)
}
