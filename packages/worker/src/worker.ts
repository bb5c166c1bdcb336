import { type CountersignOptions, countersigned, tlsClientAuth } from './countersign.ts'
import { CountersignWorkerError } from './errors.ts'

/** Options of {@link createWorker}. */
export interface WorkerOptions extends CountersignOptions {
  /**
   * `none` (the default) forwards every request and leaves the decision to the origin's routes. `verified` answers 403
   * at the edge, unless Cloudflare verified the certificate and does not list it as revoked. A CORS preflight passes
   * without a certificate, because browsers send none with it.
   */
  readonly require?: 'none' | 'verified' | undefined
}

/** The bindings that the default Worker reads. */
export interface WorkerBindings {
  /** Secret: the private JWK as JSON. */
  readonly COUNTERSIGN_KEY?: string
  /** `leaf` (default), `chain` or `none`. */
  readonly COUNTERSIGN_FORWARD_CERT?: string
  /** `none` (default) or `verified`. */
  readonly COUNTERSIGN_REQUIRE?: string
  /** `all` (default) or `rfc2253`. */
  readonly COUNTERSIGN_NAMES?: string
}

/** A module Worker's default export. */
export interface WorkerHandler<Bindings> {
  fetch(request: Request, bindings: Bindings): Promise<Response>
}

/**
 * Makes a Worker that countersigns every request and forwards it to the origin.
 *
 * For a wrong configuration the Worker logs the code and answers 500. It never forwards a request without a signature.
 *
 * @param configure - returns the options for the bindings; called for every request
 * @example
 * ```ts
 * export default createWorker((env: { EDGE_KEY: string }) => ({
 *   key: env.EDGE_KEY,
 *   forwardCert: 'chain',
 *   require: 'verified',
 * }))
 * ```
 */
export function createWorker<Bindings>(configure: (bindings: Bindings) => WorkerOptions): WorkerHandler<Bindings> {
  return {
    async fetch(request, bindings) {
      let signed: Awaited<ReturnType<typeof countersigned>>
      try {
        const options = configure(bindings)
        const refusal = refuseAtEdge(request, options)
        if (refusal) return refusal
        signed = await countersigned(request, options)
      } catch (error) {
        return answerFailure(error)
      }
      return fetch(...signed)
    },
  }
}

function refuseAtEdge(request: Request, { require = 'none' }: WorkerOptions): Response | undefined {
  if (require === 'none') return undefined
  if (require !== 'verified') {
    throw new CountersignWorkerError('CSN_WORKER_OPTION_INVALID', 'require must be "none" or "verified"')
  }
  const auth = tlsClientAuth(request)
  if (auth.certPresented !== '1' && isPreflight(request)) return undefined
  if (auth.certPresented !== '1' || auth.certVerified !== 'SUCCESS') {
    return answer(403, 'CSN_CERT_UNVERIFIED', 'Forbidden', 'A verified client certificate is required')
  }
  if (auth.certRevoked !== '0') {
    return answer(403, 'CSN_CERT_REVOKED', 'Forbidden', 'The client certificate is revoked')
  }
  return undefined
}

/**
 * Whether a browser asks by this request if it may send another one (Fetch, section 3.2). It carries neither certificate
 * nor token. The origin receives it signed as a request without a certificate, and answers it only on a public route.
 */
function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

function answerFailure(error: unknown): Response {
  const code = error instanceof CountersignWorkerError ? error.code : 'CSN_WORKER_FAILED'
  // Another error's message can quote the input: JSON.parse quotes it, and in `configure` the input is a key.
  const reason = error instanceof CountersignWorkerError ? error.message : where(error)
  console.error(JSON.stringify({ level: 'error', code, reason }))
  return answer(500, code, 'Internal Server Error', 'The edge could not sign the request')
}

/** The error's name and the function that threw it. */
function where(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`
  const frame = error.stack?.split('\n').find((line) => /^\s+at /.test(line))
  return `${error.name}${frame ? ` ${frame.trim()}` : ''}`
}

/** The shape of Fastify's error replies, so that edge and origin refuse in one format. */
function answer(statusCode: number, code: string, error: string, message: string): Response {
  const headers = { 'cache-control': 'private, no-store' }
  return Response.json({ statusCode, code, error, message }, { status: statusCode, headers })
}

/** A Worker that is ready to deploy. It takes its configuration from {@link WorkerBindings}. */
const worker: WorkerHandler<WorkerBindings> = createWorker<WorkerBindings>((bindings) => ({
  key: bindings.COUNTERSIGN_KEY,
  forwardCert: (bindings.COUNTERSIGN_FORWARD_CERT || undefined) as WorkerOptions['forwardCert'],
  require: (bindings.COUNTERSIGN_REQUIRE || undefined) as WorkerOptions['require'],
  names: (bindings.COUNTERSIGN_NAMES || undefined) as WorkerOptions['names'],
}))

export default worker
