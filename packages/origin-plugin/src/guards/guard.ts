import type { FastifyRequest } from 'fastify'
import type { ClientCert } from '../client-cert.ts'
import { type CountersignError, refusalAt } from '../errors.ts'

const refuse = refusalAt('guard')

/**
 * The decision of a guard. `undecided` means that the certificate does not contain enough to decide, so that the guard
 * refuses and so does its negation.
 */
export interface Decision {
  readonly outcome: 'match' | 'mismatch' | 'undecided'
  /** The reason of a refusal, for the operator's log. */
  readonly reason: string
}

/** A compiled requirement. */
export interface Guard {
  /** The requirement in words, for the list of routes. */
  readonly description: string
  decide(cert: ClientCert, request: FastifyRequest): Decision
}

/** The guard of a route. `optional` admits a client that presents no certificate, without a decision. */
export interface RouteGuard extends Guard {
  readonly optional?: true
}

/** The decision that admits. */
export const MATCH: Decision = { outcome: 'match', reason: '' }

/** The guard of a route without a requirement of its own. */
export const ANY_VERIFIED: Guard = { description: 'any verified certificate', decide: () => MATCH }

export const mismatch = (reason: string): Decision => ({ outcome: 'mismatch', reason })
export const undecided = (reason: string): Decision => ({ outcome: 'undecided', reason })

/** All must match. A mismatch outweighs a doubt. */
export function allGuards(guards: readonly Guard[]): Guard {
  const [only] = guards
  if (only && guards.length === 1) return only
  return {
    description: guards.map((guard) => guard.description).join(' and '),
    decide(cert, request) {
      let doubt: Decision | undefined
      for (const guard of guards) {
        const decision = guard.decide(cert, request)
        if (decision.outcome === 'mismatch') return decision
        if (decision.outcome === 'undecided') doubt ??= decision
      }
      return doubt ?? MATCH
    },
  }
}

/** One must match. A doubt outweighs a mismatch, so that the negation is undecided too. */
export function anyGuard(guards: readonly Guard[]): Guard {
  const description = `(${guards.map((guard) => guard.description).join(' or ')})`
  const none = mismatch(`none of ${description} matches`)
  return {
    description,
    decide(cert, request) {
      let doubt: Decision | undefined
      for (const guard of guards) {
        const decision = guard.decide(cert, request)
        if (decision.outcome === 'match') return MATCH
        if (decision.outcome === 'undecided') doubt ??= decision
      }
      return doubt ?? none
    },
  }
}

/** Exchanges match and mismatch. A doubt stays a doubt. */
export function notGuard(guard: Guard): Guard {
  // In parentheses: "not a and b" reads as if b were required.
  const description = `not (${guard.description})`
  const excluded = mismatch(`${guard.description} matches and is excluded`)
  return {
    description,
    decide(cert, request) {
      const decision = guard.decide(cert, request)
      if (decision.outcome === 'undecided') return decision
      return decision.outcome === 'match' ? excluded : MATCH
    },
  }
}

/**
 * Applies the guard of a route to a request that is proven otherwise.
 *
 * @throws CountersignError as {@link applyGuard}
 */
export function applyRouteGuard(guard: RouteGuard, request: FastifyRequest, absence?: string): void {
  if (request.clientCert !== null || !guard.optional) applyGuard(guard, request, absence)
}

/**
 * Applies a guard to the request's certificate.
 *
 * @param absence - the reason why there is none
 * @throws CountersignError `CSN_CERT_FORBIDDEN`, or `CSN_CERT_MISSING` without a certificate
 */
export function applyGuard(
  guard: Guard,
  request: FastifyRequest,
  absence = 'the client did not present a certificate',
): void {
  const { clientCert } = request
  if (!clientCert) throw certMissing(absence)
  const { outcome, reason } = guard.decide(clientCert, request)
  if (outcome === 'match') return
  throw refuse('CSN_CERT_FORBIDDEN', `${reason} (subject ${clientCert.subject}, issuer ${clientCert.issuer})`)
}

/** The refusal of a request without a certificate, with the reason why there is none. */
export const certMissing = (absence: string): CountersignError => refuse('CSN_CERT_MISSING', absence)
