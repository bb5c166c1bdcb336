import { basename } from 'node:path'
import type { DevEdgeOptions } from '../../dev-edge.ts'
import { configFileIn, findConfigFile } from '../../worker-config/find-config-file.ts'
import { readWorkerConfig } from '../../worker-config/read-worker-config.ts'

/** The flags of `countersign dev` about the Worker. */
export interface WorkerFlags {
  readonly worker?: string
  readonly originBinding?: string
  readonly forwardCert?: NonNullable<DevEdgeOptions['forwardCert']>
  readonly require?: NonNullable<DevEdgeOptions['require']>
  readonly names?: NonNullable<DevEdgeOptions['names']>
  readonly compatibilityDate?: string
  /** The path of wrangler's file, or `false` to read none. */
  readonly config?: string | false
  readonly env?: string
  readonly without: readonly string[]
}

/** The Worker's options, from the flags and from wrangler's file. */
export interface LocalWorker {
  readonly options: Pick<
    DevEdgeOptions,
    | 'worker'
    | 'originBinding'
    | 'forwardCert'
    | 'require'
    | 'names'
    | 'vars'
    | 'compatibilityDate'
    | 'compatibilityFlags'
    | 'define'
    | 'alias'
  >
  /** The path of wrangler's file, if it was read. */
  readonly file?: string | undefined
  /** Lines for the user. */
  readonly notices: readonly string[]
}

/**
 * Reads wrangler's file for the Worker and merges it with the flags. A flag precedes the file.
 *
 * Without `--config`, the file belongs to the Worker of `--worker`. The Worker of Countersign runs without a file: one in
 * the working directory describes another Worker, and is named in a notice.
 *
 * @throws TypeError that names the flag, or the file and its key
 */
export async function readLocalWorker(flags: WorkerFlags): Promise<LocalWorker> {
  const { config, env, without, ...given } = flags
  const file = config === false ? undefined : (config ?? (given.worker && findConfigFile(given.worker)))
  if (file === undefined) return withoutFile(flags, given)
  const read = readWorkerConfig(file, { environment: env, originBinding: given.originBinding, without })
  const worker = given.worker ?? read.main
  if (worker === undefined)
    throw new TypeError(
      `main is missing in ${read.file}; write the path of the Worker's module there, such as "src/index.ts", or --worker`,
    )
  const options = {
    ...given,
    worker,
    vars: read.vars,
    forwardCert: given.forwardCert ?? read.bindings.forwardCert,
    require: given.require ?? read.bindings.require,
    names: given.names ?? read.bindings.names,
    compatibilityDate: given.compatibilityDate ?? read.compatibilityDate,
    compatibilityFlags: read.compatibilityFlags,
    define: read.define,
    alias: read.alias,
  }
  await checkDate(
    options.compatibilityDate,
    given.compatibilityDate === undefined ? `compatibility_date of ${read.file}` : '--compatibility-date',
  )
  return { options, file, notices: read.notices }
}

type GivenFlags = Omit<WorkerFlags, 'config' | 'env' | 'without'>

async function withoutFile({ config, env, without, worker }: WorkerFlags, given: GivenFlags): Promise<LocalWorker> {
  const [flag] = [...(env === undefined ? [] : ['--env']), ...(without.length > 0 ? ['--without'] : [])]
  if (flag !== undefined)
    throw new TypeError(`${flag} is about a wrangler.jsonc, and none is read; write its path with --config`)
  await checkDate(given.compatibilityDate, '--compatibility-date')
  const other = config === false || worker !== undefined ? undefined : configFileIn(process.cwd())
  if (other === undefined) return { options: given, notices: [] }
  const name = basename(other)
  return {
    options: given,
    notices: [
      `The Worker of Countersign runs, and ${name} is not read. For the Worker of ${name}, write --config ${name}.`,
    ],
  }
}

async function checkDate(date: string | undefined, where: string): Promise<void> {
  if (date === undefined) return
  // Loaded late, because of Miniflare.
  const { checkCompatibilityDate } = await import('../../workerd/worker-settings.ts')
  checkCompatibilityDate(date, where)
}
