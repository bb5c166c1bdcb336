import { once } from 'node:events'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { SOURCE_NAMES } from '../../check-headers.ts'
import type { DevEdge, DevEdgeOptions } from '../../dev-edge.ts'
import { type LocalWorker, readLocalWorker, type WorkerFlags } from '../arguments/local-worker.ts'
import {
  DEFAULT_ACCESS_PORT,
  DEFAULT_PORT,
  folderOption,
  jsonOption,
  parseBinding,
  parseOrigin,
  parsePort,
} from '../arguments/shared-options.ts'
import { describeEdge, formatWelcome } from '../output/describe-edge.ts'
import { writeOriginEnvironment } from '../output/origin-environment.ts'
import { print, printJson, printProgress } from '../output/print.ts'
import { formatRequestLine } from '../output/request-line.ts'
import { waitForOrigin } from '../watch/wait-for-origin.ts'
import { watchConfig } from '../watch/watch-config.ts'
import { watchSources } from '../watch/watch-sources.ts'

interface DevOptions extends WorkerFlags {
  readonly origin?: string
  readonly port: number
  readonly accessPort: number
  readonly folder: string
  readonly headers: NonNullable<DevEdgeOptions['headers']>
  readonly cache: boolean
  readonly json?: boolean
}

const EXAMPLES = `
The origin may be any HTTP server, and may start later. Keys and certificates stay in the folder, so its configuration
and a browser's certificates are valid for every run. Each ended request is printed as a line. Ctrl+C ends the edge.

Examples:
  countersign dev --origin http://127.0.0.1:3000
  countersign dev --origin http://127.0.0.1:8080 --port 9443 --access-port 9444
  countersign dev --origin http://127.0.0.1:3000 --worker src/worker.ts
  countersign dev --origin http://127.0.0.1:3000 --config wrangler.jsonc --env staging
  countersign dev --origin http://127.0.0.1:3000 --require verified --json
  countersign dev --origin http://127.0.0.1:3000 --headers rfc9440`

/** `countersign dev`: runs a local edge in front of any origin until Ctrl+C. */
export function devCommand(): Command {
  return new Command('dev')
    .summary('run a local edge in front of your origin')
    .description('Runs Cloudflare on this machine in front of your origin: mutual TLS, Access, and the real Worker.')
    .addOption(
      new Option('--origin <url>', 'the address of your server, such as http://127.0.0.1:3000').argParser(parseOrigin),
    )
    .addOption(new Option('--port <n>', 'the port of the edge').default(DEFAULT_PORT).argParser(parsePort))
    .addOption(
      new Option('--access-port <n>', "the port of the Access team's keys")
        .default(DEFAULT_ACCESS_PORT)
        .argParser(parsePort),
    )
    .addOption(folderOption())
    .addOption(
      new Option('--headers <source>', "the sender of the certificate headers, as the origin's option source")
        .choices(SOURCE_NAMES)
        .default('worker'),
    )
    .addOption(
      new Option(
        '--forward-cert <part>',
        'the certificates to forward whole (COUNTERSIGN_FORWARD_CERT, default: leaf)',
      ).choices(['leaf', 'chain', 'none']),
    )
    .addOption(
      new Option(
        '--require <verdict>',
        'whether the Worker itself refuses unverified clients (COUNTERSIGN_REQUIRE, default: none)',
      ).choices(['none', 'verified']),
    )
    .addOption(
      new Option(
        '--names <forms>',
        'the forms of the names of subject and issuer (COUNTERSIGN_NAMES, default: all)',
      ).choices(['all', 'rfc2253']),
    )
    .addOption(new Option('--no-cache', "a zone without Cloudflare's cache, which stores URLs such as /report.csv"))
    .addOption(
      new Option('--worker <path>', 'your own Worker in place of ours, reloaded when its source changes').argParser(
        (path) => resolve(path),
      ),
    )
    .addOption(
      new Option(
        '--origin-binding <name>',
        "the Worker's binding that leads to the origin, COUNTERSIGN_ORIGIN unless --worker is given",
      ).argParser(parseBinding),
    )
    .addOption(
      new Option(
        '--config <file>',
        "wrangler's file of your own Worker: its module, vars, compatibility date and flags. A flag precedes it (default: the file beside --worker, or above it)",
      ).argParser((path) => resolve(path)),
    )
    .addOption(new Option('--no-config', 'your own Worker without a file of wrangler'))
    .addOption(new Option('--env <name>', "the environment of wrangler's file"))
    .addOption(
      new Option(
        '--without <key>',
        "run your own Worker without a key of wrangler's file that the edge lacks, repeatable",
      )
        .default([], 'none')
        .argParser((key, keys: readonly string[]) => [...keys, key]),
    )
    .addOption(new Option('--compatibility-date <date>', 'the compatibility date of your own Worker'))
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(dev)
}

/** A zone without a Worker takes none of its options. */
const NO_WORKER: LocalWorker = { options: {}, notices: [] }

async function dev(options: DevOptions, command: Command): Promise<void> {
  const { json, folder, origin, port, accessPort, headers, cache, ...flags } = options
  // Not mandatory in commander, which would report a misspelt option as a missing --origin.
  if (!origin)
    return command.error('--origin is missing; write the address of your server: --origin http://127.0.0.1:3000')
  const wrong = describeContradiction(options)
  if (wrong !== undefined) return command.error(wrong)
  const { options: ofTheWorker, file, notices } = headers === 'worker' ? await readLocalWorker(flags) : NO_WORKER
  for (const notice of notices) printProgress(notice)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
  // The reader of the lines has left (`| head`).
  process.stdout.once('error', () => stopped.abort())
  stopped.signal.addEventListener('abort', endWithZero)

  printProgress('Starting the edge …')
  await using edge = await startEdge({
    ...ofTheWorker,
    origin,
    folder,
    port,
    accessPort,
    headers,
    cache,
    onRequest: (event) =>
      json ? printJson({ event: 'request', ...event }) : print(formatRequestLine(event, new Date())),
    log: printProgress,
  })
  await writeOriginEnvironment(folder, edge)
  const description = await describeEdge(edge, origin, folder, ofTheWorker.forwardCert)
  if (json) printJson({ event: 'started', ...description })
  else print(formatWelcome(description))

  const { worker } = ofTheWorker
  using _sources = worker === undefined ? undefined : watchSources(worker, () => reload(edge))
  using _config = file === undefined ? undefined : watchConfig(file, askForRestart)
  await waitForOrigin(new URL(origin), stopped.signal)
  if (!stopped.signal.aborted) await once(stopped.signal, 'abort')
}

const FLAGS_OF_THE_WORKER = {
  forwardCert: '--forward-cert',
  require: '--require',
  names: '--names',
  worker: '--worker',
  originBinding: '--origin-binding',
  config: '--config',
  env: '--env',
  without: '--without',
  compatibilityDate: '--compatibility-date',
} as const

/** Describes flags that do not fit together. */
function describeContradiction(options: DevOptions): string | undefined {
  const { headers, port, accessPort, worker, config, originBinding } = options
  const given = Object.entries(FLAGS_OF_THE_WORKER).find(([name]) => isGiven(options[name as keyof DevOptions]))
  if (headers !== 'worker' && given)
    return `${given[1]} belongs to the Worker, which does not run with --headers ${headers}; remove it`
  if (port === accessPort && port !== 0) return `--access-port must differ from --port ${port}; write another port`
  if (originBinding !== undefined && worker === undefined && !config && originBinding !== 'COUNTERSIGN_ORIGIN')
    return '--origin-binding must be COUNTERSIGN_ORIGIN for the Worker of Countersign; for another name, give your own Worker with --worker'
  return undefined
}

/** `--no-config` and a list without entries ask for nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
}

/** Ctrl+C is not a failure. Miniflare listens to the same signals and ends the process with another code. */
function endWithZero(): void {
  process.once('exit', () => {
    process.exitCode = 0
  })
}

function askForRestart(name: string): void {
  printProgress(`${name} has changed; restart the edge to read it.`)
}

async function reload(edge: DevEdge): Promise<void> {
  if (await edge.reloadWorker()) printProgress('The Worker was reloaded.')
}

async function startEdge(options: DevEdgeOptions): Promise<DevEdge> {
  // Loaded late. Miniflare and esbuild take longer to load than another command takes to run.
  const { createDevEdge } = await import('../../create-dev-edge.ts')
  try {
    return await createDevEdge(options)
  } catch (error) {
    throw describePortError(error as PortError, options.port)
  }
}

interface PortError extends Error {
  readonly code?: string
  /** The error of Node. */
  readonly cause?: { readonly port?: number }
}

/** Names the option that chooses another port. */
function describePortError(error: PortError, tlsPort: number | undefined): Error {
  const port = error.cause?.port
  const option = port === tlsPort ? '--port' : '--access-port'
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(
        `port ${port} is taken; end the process that listens there, or choose another port with ${option}`,
      )
    case 'EACCES':
      return new Error(`no permission to listen on port ${port}; use a port above 1023 (${option})`)
    default:
      return error
  }
}
