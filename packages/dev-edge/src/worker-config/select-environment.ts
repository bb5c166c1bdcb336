import { isSection, type Section } from './parse-config-file.ts'

/**
 * Keys that wrangler does not inherit: a named environment has none of them, unless it writes them itself.
 *
 * A key that is missing here is taken from the top level, so an unknown one is an error and does not vanish.
 *
 * @see
 * {@link https://developers.cloudflare.com/workers/wrangler/configuration/#non-inheritable-keys Cloudflare: non-inheritable keys}
 */
const NOT_INHERITED: ReadonlySet<string> = new Set([
  'define',
  'vars',
  'secrets',
  'durable_objects',
  'workflows',
  'cloudchamber',
  'containers',
  'kv_namespaces',
  'send_email',
  'queues',
  'r2_buckets',
  'd1_databases',
  'vectorize',
  'ai_search_namespaces',
  'ai_search',
  'hyperdrive',
  'services',
  'analytics_engine_datasets',
  'browser',
  'ai',
  'images',
  'media',
  'stream',
  'version_metadata',
  'unsafe',
  'mtls_certificates',
  'tail_consumers',
  'streaming_tail_consumers',
  'dispatch_namespaces',
  'pipelines',
  'secrets_store_secrets',
  'ratelimits',
  'worker_loaders',
  'vpc_services',
  'vpc_networks',
])

/**
 * Returns the keys of an environment of wrangler's file.
 *
 * @param environment - `undefined` for the top level
 * @param file - for the error
 * @throws TypeError if the file has no such environment
 */
export function selectEnvironment(config: Section, environment: string | undefined, file: string): Section {
  const { env, ...top } = config
  if (environment === undefined) return top
  const environments = isSection(env) ? env : {}
  const chosen = Object.hasOwn(environments, environment) ? environments[environment] : undefined
  if (!isSection(chosen)) {
    const names = Object.keys(environments)
    const known = names.length > 0 ? `it has ${names.join(', ')}` : 'it has no environment'
    throw new TypeError(`env.${environment} is missing in ${file}; ${known}. Write it there, or another --env`)
  }
  const inherited = Object.entries(top).filter(([key]) => !NOT_INHERITED.has(key))
  return { ...Object.fromEntries(inherited), ...chosen }
}
