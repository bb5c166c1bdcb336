import { CountersignWorkerError } from './errors.ts'
import { isPreflight, tlsClientAuth } from './incoming-request.ts'

/**
 * What a request must prove at the edge. The Worker answers every other request with 403.
 *
 * A property that is `undefined` is an error, because an unset variable would otherwise drop the requirement.
 *
 * @example
 * ```ts
 * const requirement: EdgeRequirement = { verified: true, access: audience }
 * ```
 */
export interface EdgeRequirement {
  /**
   * `true` requires a certificate that Cloudflare verified and does not list as revoked. A CORS preflight passes
   * without a certificate, because browsers send none with it.
   */
  readonly verified?: boolean
  /**
   * The audience tag of an Access application. The request must have passed this application on its way to this Worker
   * (`ctx.access.aud`), so no `workers.dev` name, preview or route is a way around it. Access does not hand `ctx.access`
   * on to a Worker behind a service binding, nor to one with static assets. A CORS preflight without a certificate
   * passes, because it has no `ctx.access` where the application bypasses `OPTIONS`.
   *
   * @see {@link https://developers.cloudflare.com/workers/configuration/cloudflare-access/ Cloudflare: Access for Workers}
   */
  readonly access?: string
}

/**
 * The context of a request, of which the Worker reads `access`. Cloudflare's `ExecutionContext` is one.
 *
 * @example
 * ```ts
 * const audienceOf = ({ access }: WorkerContext) => access?.aud
 * ```
 */
export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void
  /** The Access application that admitted the request, if any. */
  readonly access?: { readonly aud: string } | undefined
}

/** The refusal of a request at the edge. */
export interface EdgeRefusal {
  readonly code: 'CSN_ACCESS_REQUIRED' | 'CSN_CERT_UNVERIFIED' | 'CSN_CERT_REVOKED'
  /** For the client. */
  readonly message: string
  /** For the log. */
  readonly reason: string
}

/** @throws CountersignWorkerError `CSN_WORKER_OPTION_INVALID` if a part of the requirement would not be enforced */
export function checkRequirement(requirement: EdgeRequirement): void {
  const given = typeof requirement === 'object' && requirement !== null ? Object.entries(requirement) : []
  if (given.length > 0 && given.every(isKnownPart)) return
  throw new CountersignWorkerError(
    'CSN_WORKER_OPTION_INVALID',
    'require must be { verified: true }, { access: "<audience tag>" } or both; leave it out to require nothing',
  )
}

function isKnownPart([name, value]: [string, unknown]): boolean {
  if (name === 'verified') return typeof value === 'boolean'
  return name === 'access' && typeof value === 'string' && value !== ''
}

/** @returns the first part of the requirement that the request does not meet; `undefined` if it meets all of it */
export function findRefusal(
  request: Request,
  context: WorkerContext | undefined,
  { verified, access }: EdgeRequirement,
): EdgeRefusal | undefined {
  if (isPreflight(request)) return undefined
  const admittedTo = context?.access?.aud
  if (access !== undefined && admittedTo !== access) {
    const reason =
      admittedTo === undefined
        ? 'ctx.access is missing: no Access application admitted the request to this Worker'
        : `ctx.access.aud is ${JSON.stringify(admittedTo)} and not ${JSON.stringify(access)}`
    return { code: 'CSN_ACCESS_REQUIRED', message: 'A login with Cloudflare Access is required', reason }
  }
  return verified ? findCertificateFault(request) : undefined
}

function findCertificateFault(request: Request): EdgeRefusal | undefined {
  const { certPresented, certVerified, certRevoked } = tlsClientAuth(request)
  if (certPresented !== '1' || certVerified !== 'SUCCESS') {
    const reason =
      certPresented === '1'
        ? `Cloudflare's verdict on the certificate is ${JSON.stringify(certVerified)}`
        : 'the client did not present a certificate'
    return { code: 'CSN_CERT_UNVERIFIED', message: 'A verified client certificate is required', reason }
  }
  if (certRevoked !== '0') {
    const reason = `Cloudflare's flag certRevoked is ${JSON.stringify(certRevoked)}`
    return { code: 'CSN_CERT_REVOKED', message: 'The client certificate is revoked', reason }
  }
  return undefined
}
