import type { FastifyInstance, FastifyRequest } from 'fastify'
import { authenticate } from './authenticate.ts'
import type { ProvenClient } from './client-user/user-memory.ts'
import { spendNonce } from './edge-signature/spend-nonce.ts'
import { applyRouteGuard, type RouteGuard } from './guards/guard.ts'
import { andThen } from './lib/and-then.ts'
import type { Settings } from './options.ts'

const ADMITTED = Symbol('countersign.admitted')
const SPENT = Symbol('countersign.spent')

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

type Tracked = FastifyRequest & Progress

/** Declares the properties of requests that {@link admit} sets. */
export function decorateRequests(app: FastifyInstance): void {
  for (const name of ['clientCert', 'access', 'clientUser', ADMITTED, SPENT]) app.decorateRequest(name, null)
}

/**
 * Sets the proven identity on the request, applies the guard, spends the nonce, and finds the user.
 *
 * The nonce comes after all proofs, so that the memory holds admitted requests alone. The user comes last, so that an
 * attacker cannot make the plugin ask for it: not with a replayed request, nor on a route of others.
 */
export function admit(given: FastifyRequest, guard: RouteGuard, settings: Settings): void | Promise<void> {
  const request = given as Tracked
  forgetClient(request)
  return andThen(authenticate(request, settings, undefined, guard.optional), ({ clientCert, access, signature }) => {
    request.clientCert = clientCert
    request.access = access
    applyRouteGuard(guard, request)
    // A request that `identify` refused comes back if the error handler calls `reply.callNotFound()`. It is no replay.
    const spent = request[SPENT] === settings ? undefined : spendNonce(signature, settings.edge)
    return andThen(spent, () => {
      request[SPENT] = settings
      return andThen(clientCert ? findUser({ clientCert, access }, request, settings) : undefined, () => {
        request[ADMITTED] = settings
      })
    })
  })
}

function findUser(client: ProvenClient, request: FastifyRequest, { findUser }: Settings): void | Promise<void> {
  if (!findUser) return
  return andThen(findUser(client), (user) => {
    request.clientUser = user
  })
}

/**
 * Applies the guard of the handler for unknown paths, which a route or an error handler can call. If the route is public,
 * or has refused the request, the request is verified for this handler.
 */
export function admitUnknown(request: FastifyRequest, guard: RouteGuard, settings: Settings): void | Promise<void> {
  const isOwn = (request as Tracked)[ADMITTED] === settings
  return isOwn ? applyRouteGuard(guard, request, absenceOf(request)) : admit(request, guard, settings)
}

/** The reason why a request has no certificate. */
export function absenceOf(request: FastifyRequest): string {
  const admitted = (request as Tracked)[ADMITTED]
  if (admitted) return 'the client did not present a certificate'
  return admitted === false
    ? 'the request was refused before, so its certificate does not count as verified'
    : 'the route is public, so no certificate was verified'
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
