import type { FastifyRequest } from 'fastify'
import { authenticate } from '../authenticate.ts'
import type { ProvenClient } from '../client-user/user-memory.ts'
import { spendNonce } from '../edge-signature/spend-nonce.ts'
import { applyGuard, applyRouteGuard, certMissing, type Guard } from '../guards/guard.ts'
import { andThen, isThenable } from '../lib/and-then.ts'
import type { Settings } from '../options.ts'
import { announce, isReported, type PendingDecision } from './decide.ts'
import { ADMITTED, absenceOf, forgetClient, forgetRefused, REFUSED_BEFORE, SPENT, type Tracked } from './progress.ts'

/**
 * Sets the proven identity on the request, applies the guard, spends the nonce, and finds the user.
 *
 * The nonce comes after all proofs, so that the memory holds the requests alone that a handler answers. The user comes last, so that an
 * attacker cannot make the plugin ask for it: not with a replayed request, nor on a route of others.
 */
export function admit(decision: PendingDecision): void | Promise<void> {
  const { protection, settings, proven } = decision
  const { guard } = protection
  const request = decision.request as Tracked
  forgetClient(request)
  return andThen(authenticate(request, settings, undefined, guard.optional, proven), ({ clientCert, access }) => {
    request.clientCert = clientCert
    request.access = access
    try {
      applyRouteGuard(guard, request)
    } catch (refusal) {
      if (protection.enforced) throw refusal
      return andThen(forgetReplayed(decision), () => {
        throw refusal
      })
    }
    return andThen(spend(decision), () => {
      return andThen(clientCert ? findUser({ clientCert, access }, request, settings) : undefined, () => {
        request[ADMITTED] = settings
        announce(decision)
      })
    })
  })
}

function spend({ request, settings, proven }: PendingDecision): void | Promise<void> {
  const tracked = request as Tracked
  // A request that `identify` refused comes back if the error handler calls `reply.callNotFound()`. It is no replay.
  if (tracked[SPENT] === settings) return
  return andThen(spendNonce(proven.signature, settings.edge), () => {
    tracked[SPENT] = settings
  })
}

/**
 * Spends the nonce of a request that the guard refuses in report mode, so that a replay has no identity.
 *
 * Attack: the guard comes before the nonce, and in report mode the handler answers all the same. An attacker replays a
 * captured request, and the handler reads the certificate of the client. The guard's refusal is the only one that counts.
 */
function forgetReplayed(decision: PendingDecision): void | Promise<void> {
  const forget = () => forgetClient(decision.request)
  try {
    const spent = spend(decision)
    return isThenable(spent) ? spent.then(undefined, forget) : spent
  } catch {
    forget()
  }
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
export function admitUnknown(decision: PendingDecision): void | Promise<void> {
  const { request, protection, settings, proven } = decision
  if ((request as Tracked)[ADMITTED] !== settings) return admit(decision)
  proven.clientCert = request.clientCert
  proven.access = request.access
  applyRouteGuard(protection.guard, request, absenceOf(request))
}

/**
 * Applies the guard of a hook that `app.requireClientCert()` made.
 *
 * A request that was refused before is that of no client for it. In report mode the request keeps its identity for the
 * handler, which may be reached by another login.
 */
export function requireOfHook(guard: Guard, request: FastifyRequest): void {
  if (isReported(request)) throw certMissing(REFUSED_BEFORE)
  forgetRefused(request)
  applyGuard(guard, request, absenceOf(request))
}
