import { type Json, Log, LogLevel, Miniflare } from 'miniflare'
import { bundleWorker, type Replacements } from './bundle-worker.ts'
import { CONSOLE_MODULE, describeLine, readUncaught, reportingModule } from './thrown-exception.ts'
import type { UncaughtExceptions } from './uncaught-exceptions.ts'
import { DEFAULT_COMPATIBILITY_DATE } from './worker-settings.ts'

/** The address of a Worker. */
export interface WorkerAddress {
  readonly host: string
  readonly port: number
}

/** The Worker, running in workerd. */
export interface WorkerRuntime {
  /** Takes HTTP/1.1 requests in absolute form, with `request.cf` in the header `MF-CF-Blob`. */
  readonly address: WorkerAddress
  close(): Promise<void>
}

/** Options of {@link startWorker}. */
export interface WorkerRuntimeOptions extends Replacements {
  /** The path of the Worker's module. The default is the Worker of Countersign. */
  readonly entry?: string | undefined
  /** The origin, for messages. */
  readonly origin: URL
  /** The address that the Worker's `fetch()` reaches: the zone in front of the origin. */
  readonly outbound: URL
  /** The header in which workerd tells that address the `cf` of each `fetch()`. */
  readonly cfHeader?: string | undefined
  /** The name of a binding whose `fetch()` reaches that address too. Default: no such binding. */
  readonly originBinding?: string | undefined
  /** The Worker's variables and secrets, in text or JSON. */
  readonly bindings: Readonly<Record<string, unknown>>
  readonly compatibilityDate?: string | undefined
  readonly compatibilityFlags?: readonly string[] | undefined
  /** Receives each line that the Worker writes to its console. */
  log(line: string): void
  /** Receives each exception that workerd logs itself, in a sentence. */
  readonly uncaught?: UncaughtExceptions | undefined
}

/**
 * Bundles the deployable Worker and starts it in workerd, Cloudflare's own runtime.
 *
 * @throws Error if it does not compile or does not start
 */
export async function startWorker({
  entry,
  outbound,
  cfHeader,
  originBinding,
  bindings,
  compatibilityDate = DEFAULT_COMPATIBILITY_DATE,
  compatibilityFlags = [],
  define,
  alias,
  log,
  uncaught,
}: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  const http = cfHeader === undefined ? {} : { cfBlobHeader: cfHeader }
  const zone = { external: { address: `${outbound.hostname}:${outbound.port || 80}`, http } }
  const names = [...Object.keys(bindings), ...(originBinding === undefined ? [] : [originBinding])]
  const miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'edge.js', contents: reportingModule('./worker.js', './console.js', names) },
      { type: 'ESModule', path: 'console.js', contents: CONSOLE_MODULE },
      {
        type: 'ESModule',
        path: 'worker.js',
        contents: await bundleWorker(entry, compatibilityFlags, { define, alias }),
      },
    ],
    bindings: bindings as Record<string, Json>,
    compatibilityDate,
    compatibilityFlags: [...compatibilityFlags],
    // A socket of workerd itself. Miniflare's own listener would rewrite the request.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0, proxy: true }],
    // workerd connects to the address itself, so Host stays the client's.
    outboundService: zone,
    serviceBindings: originBinding === undefined ? {} : { [originBinding]: zone },
    stripCfConnectingIp: false,
    log: new Log(LogLevel.NONE),
    // Miniflare throws if this function returns a value, and a caller's `log` may return one.
    handleStructuredLogs: ({ message }: { readonly message: string }) => {
      const sentence = readUncaught(message, names)
      if (sentence !== undefined) uncaught?.add(sentence)
      log(describeLine(message, names))
    },
  })
  try {
    const { hostname, port } = await miniflare.unsafeGetDirectURL()
    return { address: { host: hostname, port: Number(port) }, close: () => miniflare.dispose() }
  } catch (error) {
    // dispose() cleans up, and then fails with the error of the start.
    await miniflare.dispose().catch(() => {})
    throw new Error('The Worker does not start. Its log contains the reason', { cause: error })
  }
}

/**
 * Checks the name of a binding. `undefined` means no such binding.
 *
 * @throws TypeError if it cannot be one, is the name of a variable that the edge sets, or is one that the Worker of
 *   Countersign does not read. That Worker would send its requests past the binding.
 */
export function checkOriginBinding(
  { originBinding, worker }: { readonly originBinding?: string | undefined; readonly worker?: string | undefined },
  bindings: Readonly<Record<string, unknown>>,
): void {
  if (originBinding === undefined) return
  if (!/^[A-Za-z_$][\w$]*$/.test(originBinding) || Object.hasOwn(bindings, originBinding))
    throw new TypeError('originBinding must be the name of a binding such as "COUNTERSIGN_ORIGIN"')
  if (worker === undefined && originBinding !== ORIGIN_BINDING)
    throw new TypeError(
      `originBinding must be "${ORIGIN_BINDING}" for the Worker of Countersign; for another name, pass your own worker`,
    )
}

/** The binding of the Worker of Countersign that leads to the origin. */
const ORIGIN_BINDING = 'COUNTERSIGN_ORIGIN'

/**
 * Checks that the Worker accepts a value of `forwardCert`. `undefined` means the Worker's default.
 *
 * @throws TypeError if it does not
 */
export function checkForwardCert(forwardCert: string | undefined): void {
  if (forwardCert !== undefined && !['leaf', 'chain', 'none'].includes(forwardCert)) {
    throw new TypeError('forwardCert must be "leaf", "chain" or "none"')
  }
}
