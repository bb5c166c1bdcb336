import type { FastifyReply, FastifyRequest } from 'fastify'
import { nothingProven, type Proven } from '../authenticate.ts'
import { type CountersignError, isCountersignError, type StepName, stepOf } from '../errors.ts'
import { channels, decisionStart, since } from '../events/channels.ts'
import type { AdmittedMessage } from '../events/messages.ts'
import { logRefusal } from '../events/refusal-log.ts'
import type { Protection } from '../guards/routes.ts'
import { isThenable } from '../lib/and-then.ts'
import { writeLine } from '../lib/write-line.ts'
import type { Settings } from '../options.ts'
import { addChallenge } from './challenge.ts'
import { forgetClient } from './progress.ts'

/** Attack: a cache before the origin gives one client's answer to another. A handler's own `Cache-Control` replaces this. */
export const CACHE_CONTROL = 'private, no-store'

/** The header of an answer in report mode, with the code of the refusal that was not enforced. */
const NOT_ENFORCED = 'countersign-not-enforced'

/** A decision on a request that is under way. */
export interface PendingDecision {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly protection: Protection
  readonly settings: Settings
  /** What is proven so far. */
  readonly proven: Proven
  /** The time of its start, if anybody asks for its duration. */
  readonly start: number | undefined
}

/** Requests in report mode that enforcement would have refused. */
const reported = new WeakSet<FastifyRequest>()

/** Whether this request was refused in report mode. Later checks of it would only repeat that. */
export const isReported = (request: FastifyRequest): boolean => reported.has(request)

/**
 * Runs a check of a request. A refusal is reported, and thrown where the route enforces it.
 *
 * @returns without a promise, unless the check returns one
 */
export function decide(
  request: FastifyRequest,
  reply: FastifyReply,
  protection: Protection,
  settings: Settings,
  check: (decision: PendingDecision) => void | Promise<void>,
): void | Promise<void> {
  const decision = { request, reply, protection, settings, proven: nothingProven(), start: decisionStart() }
  try {
    const checked = check(decision)
    return isThenable(checked) ? checked.then(undefined, (error) => refuse(decision, error)) : checked
  } catch (error) {
    refuse(decision, error)
  }
}

function refuse({ request, reply, protection, settings, proven, start }: PendingDecision, error: unknown): void {
  const { enforced } = protection
  reportRefusal({ request, reply, error, proven, enforced, start })
  if (enforced) throw error
  // The handler reads the identity of the request, as far as it is proven.
  settings.bindClient?.(request, reply)
}

/** Tells the request's log and the subscribers of an admitted request. */
export function announce({ request, reply, protection, settings, proven, start }: PendingDecision): void {
  settings.bindClient?.(request, reply)
  if (!channels.admitted.hasSubscribers) return
  channels.admitted.publish(messageOf({ request, proven, enforced: protection.enforced, start }))
}

/** A refusal, to report. */
export interface Refusal {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly error: unknown
  readonly proven: Pick<FastifyRequest, 'clientCert' | 'access'>
  readonly enforced: boolean
  readonly start?: number | undefined
}

/** Reports a refusal to the operator, and prepares its answer, or the answer of the handler in report mode. */
export function reportRefusal(refusal: Refusal): void {
  const { request, reply, error, enforced } = refusal
  forgetUnproven(request, error)
  if (isCountersignError(error)) {
    logRefusal(request, error, enforced, refusal.proven.clientCert)
    publish(refusal, error)
  }
  if (enforced) prepareAnswer(request, reply, error)
  else letPass(request, reply, error)
}

/**
 * The steps that refuse a client whose identity is proven. The replay is not one of them: this client did not send the
 * request.
 */
const PROVEN: ReadonlySet<StepName> = new Set(['guard', 'user'])

function forgetUnproven(request: FastifyRequest, error: unknown): void {
  if (isCountersignError(error) && PROVEN.has(stepOf(error))) return
  forgetClient(request)
}

function publish(refusal: Refusal, error: CountersignError): void {
  if (!channels.refused.hasSubscribers) return
  const { code, statusCode, reason } = error
  channels.refused.publish({ ...messageOf(refusal), code, statusCode, step: stepOf(error), reason })
}

/** The part of a message that every decision has. */
function messageOf({ request, proven, enforced, start }: Omit<Refusal, 'reply' | 'error'>): AdmittedMessage {
  const { clientCert, access } = proven
  const { url } = request.routeOptions
  return { request, route: url, clientCert, access, enforced, duration: since(start) }
}

/** The handler answers a request in report mode. A program, such as `countersign doctor`, learns of the refusal all the same. */
function letPass(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  reported.add(request)
  if (isCountersignError(error)) reply.header(NOT_ENFORCED, error.code)
  else {
    // Enforcement would answer 500. A search for refusals that are not enforced finds this line too.
    const message = 'countersign: the decision failed, and the request passes in report mode'
    writeLine(request.log, 'error', message, { err: error, enforced: false })
  }
}

function prepareAnswer(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  reply.header('cache-control', CACHE_CONTROL)
  if (isCountersignError(error)) addChallenge(reply, error.statusCode)
  // A hook in a list of `@fastify/auth`, or the handler for unknown paths, can refuse a request that was let pass before.
  reply.removeHeader(NOT_ENFORCED)
  if (request.raw.headers.upgrade !== undefined) hangUp(request, reply)
}

/** A server has no time-out for a socket that it took for a WebSocket. Refused, it would stay open forever. */
function hangUp(request: FastifyRequest, reply: FastifyReply): void {
  // An injected handshake has a socket in its answer alone. The answer gives it up when it is finished.
  const socket = request.raw.socket ?? reply.raw.socket
  reply.header('connection', 'close')
  reply.raw.once('finish', () => socket?.end())
}
