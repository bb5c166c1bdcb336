import { COUNTERSIGN_OPTIONS, type CountersignOptions, countersigned, type SignedRequest } from './countersign.ts'
import {
  checkRequirement,
  type EdgeRefusal,
  type EdgeRequirement,
  findRefusal,
  type WorkerContext,
} from './edge-requirement.ts'
import { CountersignWorkerError } from './errors.ts'
import { checkBindings, checkOptions } from './known-options.ts'
import { logLine } from './log-line.ts'
import { checkFetcher, type OriginFetcher, requireResponse } from './origin-fetcher.ts'
import { locateFailure, quoteFailure } from './quote-failure.ts'

/**
 * Options of {@link createWorker}.
 *
 * @example
 * ```ts
 * const options: WorkerOptions = { key: process.env['EDGE_KEY'], require: { verified: true } }
 * ```
 */
export interface WorkerOptions extends CountersignOptions {
  /**
   * What a request must prove at the edge. Left out, the Worker forwards every request, and the origin's routes decide.
   * `undefined` is an error.
   */
  readonly require?: EdgeRequirement
  /**
   * The way to the origin: a binding for a VPC service, an mTLS certificate or another Worker. Left out, it is the
   * global `fetch()`. `undefined` is an error.
   */
  readonly fetcher?: OriginFetcher
}

const KNOWN_OPTIONS: ReadonlyMap<string, boolean> = new Map<keyof WorkerOptions, boolean>([
  ...COUNTERSIGN_OPTIONS,
  ['require', true],
  ['fetcher', true],
])

/**
 * The bindings that the default Worker reads.
 *
 * @example
 * ```ts
 * const bindings: WorkerBindings = { COUNTERSIGN_FORWARD_CERT: 'chain', COUNTERSIGN_REQUIRE: 'verified' }
 * ```
 */
export interface WorkerBindings {
  /** Secret: the private JWK as JSON. */
  readonly COUNTERSIGN_KEY?: string
  /** `leaf` (default), `chain` or `none`. */
  readonly COUNTERSIGN_FORWARD_CERT?: string
  /** `none` (default) or `verified`. */
  readonly COUNTERSIGN_REQUIRE?: string
  /** The audience tag of the Access application that must have admitted the request (`ctx.access`). The default is none. */
  readonly COUNTERSIGN_REQUIRE_ACCESS?: string
  /** `all` (default) or `rfc2253`. */
  readonly COUNTERSIGN_NAMES?: string
  /** The way to the origin: a binding for a VPC service, an mTLS certificate or another Worker. */
  readonly COUNTERSIGN_ORIGIN?: OriginFetcher
}

const KNOWN_BINDINGS = Object.keys({
  COUNTERSIGN_KEY: true,
  COUNTERSIGN_FORWARD_CERT: true,
  COUNTERSIGN_REQUIRE: true,
  COUNTERSIGN_REQUIRE_ACCESS: true,
  COUNTERSIGN_NAMES: true,
  COUNTERSIGN_ORIGIN: true,
} satisfies Record<keyof WorkerBindings, true>)

/**
 * A module Worker's default export.
 *
 * @example
 * ```ts
 * const handler: WorkerHandler<{ EDGE_KEY: string }> = createWorker((env) => ({ key: env.EDGE_KEY }))
 * ```
 */
export interface WorkerHandler<Bindings, Context extends WorkerContext = WorkerContext> {
  fetch(request: Request, bindings: Bindings, context: Context): Promise<Response>
}

/**
 * Makes a Worker that countersigns every request and forwards it to the origin.
 *
 * For a wrong configuration the Worker logs the code and answers 500. It never forwards a request without a signature.
 * Each refusal is one line of JSON in its log.
 *
 * @param configure - returns the options for the bindings and the context; called for every request
 * @example
 * ```ts
 * interface Bindings {
 *   EDGE_KEY: string
 *   ACCESS_AUDIENCE: string
 *   ORIGIN: OriginFetcher // a VPC service, for example
 * }
 *
 * export default createWorker((env: Bindings) => ({
 *   key: env.EDGE_KEY,
 *   forwardCert: 'chain',
 *   require: { verified: true, access: env.ACCESS_AUDIENCE },
 *   fetcher: env.ORIGIN,
 * }))
 * ```
 */
export function createWorker<Bindings, Context extends WorkerContext = WorkerContext>(
  configure: (bindings: Bindings, context: Context) => WorkerOptions,
): WorkerHandler<Bindings, Context> {
  return {
    async fetch(request, bindings, context) {
      let fetcher: OriginFetcher = globalThis
      let signed: SignedRequest
      try {
        const options = configure(bindings, context)
        checkOptions(options, KNOWN_OPTIONS)
        // Each option is read once: a getter could pass the check with one value, and then return another.
        const { require, fetcher: given } = options
        if (given !== undefined) {
          checkFetcher(given)
          fetcher = given
        }
        if (require !== undefined) {
          checkRequirement(require)
          const refusal = findRefusal(request, context, require)
          if (refusal) return refuse(request, refusal)
        }
        signed = await countersigned(request, options)
      } catch (error) {
        return answerFailure(request, error)
      }
      // A service that cannot be reached throws. The global `fetch()` answers 52x, and throws for a cut connection.
      try {
        return requireResponse(await fetcher.fetch(...signed), request)
      } catch (error) {
        const code = 'CSN_WORKER_FETCHER_FAILED'
        logLine(request, { level: 'error', code, reason: `fetch() failed: ${quoteFailure(error)}` })
        return answer(502, code, 'Bad Gateway', 'The origin could not be reached')
      }
    },
  }
}

function refuse(request: Request, { code, message, reason }: EdgeRefusal): Response {
  logLine(request, { level: 'warn', code, reason })
  return answer(403, code, 'Forbidden', message)
}

function answerFailure(request: Request, error: unknown): Response {
  const { code, message: reason } = workerErrorOf(error) ?? { code: 'CSN_WORKER_FAILED', message: locateFailure(error) }
  logLine(request, { level: 'error', code, reason })
  return answer(500, code, 'Internal Server Error', 'The edge could not sign the request')
}

/** `instanceof` calls a trap of a proxy, which can throw. */
function workerErrorOf(error: unknown): CountersignWorkerError | undefined {
  try {
    return error instanceof CountersignWorkerError ? error : undefined
  } catch {
    return undefined
  }
}

/** The shape of Fastify's error replies, so that edge and origin refuse in one format. */
function answer(statusCode: number, code: string, error: string, message: string): Response {
  const headers = { 'cache-control': 'private, no-store' }
  return Response.json({ statusCode, code, error, message }, { status: statusCode, headers })
}

/**
 * A Worker that is ready to deploy. It takes its configuration from {@link WorkerBindings}.
 *
 * @example
 * ```ts
 * export { default } from '@countersign/worker'
 * ```
 */
const worker: WorkerHandler<WorkerBindings> = createWorker<WorkerBindings>((bindings) => {
  checkBindings(bindings, KNOWN_BINDINGS)
  const { COUNTERSIGN_FORWARD_CERT: forwardCert, COUNTERSIGN_NAMES: names, COUNTERSIGN_ORIGIN: fetcher } = bindings
  // An empty text is the default. A binding of JSON can be `false`, `0` or `null`, which are errors.
  return {
    key: bindings.COUNTERSIGN_KEY,
    forwardCert: (forwardCert === '' ? undefined : forwardCert) as WorkerOptions['forwardCert'],
    names: (names === '' ? undefined : names) as WorkerOptions['names'],
    ...readRequirement(bindings),
    ...(fetcher === undefined ? {} : { fetcher }),
  }
})

function readRequirement(bindings: WorkerBindings): Pick<WorkerOptions, 'require'> {
  const { COUNTERSIGN_REQUIRE: verdict = '', COUNTERSIGN_REQUIRE_ACCESS: access = '' } = bindings
  if (!['', 'none', 'verified'].includes(verdict)) {
    throw new CountersignWorkerError('CSN_WORKER_OPTION_INVALID', 'COUNTERSIGN_REQUIRE must be "none" or "verified"')
  }
  const verified = verdict === 'verified'
  if (access === '') return verified ? { require: { verified } } : {}
  return { require: { verified, access } }
}

export default worker
