import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BOUND } from '../events/client-log.ts'
import type { Settings } from '../options.ts'

export const ADMITTED: unique symbol = Symbol('countersign.admitted')
export const SPENT: unique symbol = Symbol('countersign.spent')

/**
 * The progress of a request. The certificate does not tell it: an error handler reads the certificate after a refusal of
 * the guard or of `identify` too, and an admitted client without one has `null`.
 *
 * Properties, and not a `WeakSet`, which costs 1 µs for each request.
 */
interface Progress {
  /** The registration that admitted the request; `null` before a registration has read it, `false` if none admitted it. */
  [ADMITTED]: Settings | false | null
  /** The registration that accepted the nonce of the request. */
  [SPENT]: Settings | null
}

/** A request with its progress. */
export type Tracked = FastifyRequest & Progress

/** Declares the properties of requests that {@link admit} sets. */
export function decorateRequests(app: FastifyInstance): void {
  for (const name of ['clientCert', 'access', 'clientUser', ADMITTED, SPENT, BOUND]) app.decorateRequest(name, null)
}

/** The reason why a certificate of a refused request counts as missing. */
export const REFUSED_BEFORE = 'the request was refused before, so its certificate does not count as verified'

/** The reason why a request has no certificate. */
export function absenceOf(request: FastifyRequest): string {
  const admitted = (request as Tracked)[ADMITTED]
  if (admitted) return 'the client did not present a certificate'
  return admitted === false ? REFUSED_BEFORE : 'the route is public, so no certificate was verified'
}

/** Takes the identity from a request, and its admission with it. */
export function forgetClient(request: FastifyRequest): void {
  request.clientCert = null
  request.access = null
  request.clientUser = null
  const tracked = request as Tracked
  tracked[ADMITTED] = false
}

/**
 * Takes the identity from a request that was refused.
 *
 * Attack: the guard refuses a replayed request, and the error handler calls `reply.callNotFound()`. Code after it would
 * take the certificate for a proven one.
 */
export function forgetRefused(request: FastifyRequest): void {
  if ((request as Tracked)[ADMITTED] === false) forgetClient(request)
}
