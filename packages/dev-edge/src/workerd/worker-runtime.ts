import { Log, LogLevel, Miniflare } from 'miniflare'
import { bundleWorker } from './bundle-worker.ts'

const COMPATIBILITY_DATE = '2026-07-01'

/** Addresses within workerd, which it appends to an exception. */
const STACK = /\nstack: .*$/s

/** Where a Worker listens. */
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

/** What the Worker gets. */
export interface WorkerRuntimeOptions {
  /** The path of its module; the Worker of Countersign by default. */
  readonly entry?: string | undefined
  /** Where its `fetch()` goes. */
  readonly origin: URL
  /** Its variables and secrets. */
  readonly bindings: Readonly<Record<string, string>>
  /** Takes what it writes to the console, line by line. */
  log(line: string): void
}

/**
 * Bundles the Worker that gets deployed and starts it in workerd, the runtime that Cloudflare runs.
 *
 * @throws Error if it does not compile or does not start
 */
export async function startWorker({ entry, origin, bindings, log }: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: await bundleWorker(entry) }],
    bindings,
    compatibilityDate: COMPATIBILITY_DATE,
    // A socket of workerd itself: nothing of Miniflare's stands in the request's way and rewrites it.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0, proxy: true }],
    // workerd connects to the origin itself, so that Host stays the client's.
    outboundService: { external: { address: `${origin.hostname}:${origin.port || 80}`, http: {} } },
    stripCfConnectingIp: false,
    log: new Log(LogLevel.NONE),
    // Miniflare throws when this returns anything, and a caller's function may.
    handleStructuredLogs: ({ message }: { readonly message: string }) => {
      log(message.replace(STACK, ''))
    },
  })
  try {
    const { hostname, port } = await miniflare.unsafeGetDirectURL()
    return { address: { host: hostname, port: Number(port) }, close: () => miniflare.dispose() }
  } catch (error) {
    // It cleans up, and then fails with what kept it from starting.
    await miniflare.dispose().catch(() => {})
    throw new Error('The Worker does not start: what it logged says why', { cause: error })
  }
}

/**
 * Requires a value that the Worker takes for `forwardCert`; nothing stands for its default.
 *
 * @throws TypeError
 */
export function checkForwardCert(forwardCert: string | undefined): void {
  if (forwardCert !== undefined && !['leaf', 'chain', 'none'].includes(forwardCert)) {
    throw new TypeError('forwardCert must be "leaf", "chain" or "none"')
  }
}
