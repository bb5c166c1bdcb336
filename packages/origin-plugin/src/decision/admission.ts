import type { FastifyRequest } from 'fastify'
import { authenticate } from '../authenticate.ts'
import type { ProvenClient } from '../client-user/user-memory.ts'
import { spendNonce } from '../edge-signature/spend-nonce.ts'
import { applyRouteGuard } from '../guards/guard.ts'
import { andThen } from '../lib/and-then.ts'
import type { Settings } from '../options.ts'
import { announce, type PendingDecision } from './decide.ts'
import { ADMITTED, absenceOf, forgetClient, SPENT, type Tracked } from './progress.ts'

/**
 * Sets the proven identity on the request, applies the guard, spends the nonce, and finds the user.
 *
 * The nonce comes after all proofs, so that the memory holds admitted requests alone. The user comes last, so that an
 * attacker cannot make the plugin ask for it: not with a replayed request, nor on a route of others.
 */
export function admit(decision: PendingDecision, settings: Settings): void | Promise<void> {
  const { protection, proven } = decision
  const { guard } = protection
  const request = decision.request as Tracked
  forgetClient(request)
  return andThen(authenticate(request, settings, undefined, guard.optional, proven), ({ clientCert, access }) => {
    request.clientCert = clientCert
    request.access = access
    applyRouteGuard(guard, request)
    // A request that `identify` refused comes back if the error handler calls `reply.callNotFound()`. It is no replay.
    const spent = request[SPENT] === settings ? undefined : spendNonce(proven.signature, settings.edge)
    return andThen(spent, () => {
      request[SPENT] = settings
      return andThen(clientCert ? findUser({ clientCert, access }, request, settings) : undefined, () => {
        request[ADMITTED] = settings
        announce(decision)
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
export function admitUnknown(decision: PendingDecision, settings: Settings): void | Promise<void> {
  const { request, protection, proven } = decision
  if ((request as Tracked)[ADMITTED] !== settings) return admit(decision, settings)
  proven.clientCert = request.clientCert
  proven.access = request.access
  applyRouteGuard(protection.guard, request, absenceOf(request))
}
