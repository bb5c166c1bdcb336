/**
 * Explains the plugin's decision on captured requests, step by step.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { authenticate, nothingProven, type Proven } from '../authenticate.ts'
import type { ClientCert } from '../client-cert.ts'
import type { ClientMemory } from '../client-memory.ts'
import { createNonceMemory } from '../edge-signature/nonce-memory.ts'
import { spendNonce } from '../edge-signature/spend-nonce.ts'
import { isCountersignError, stepOf } from '../errors.ts'
import { applyRouteGuard, type RouteGuard } from '../guards/guard.ts'
import type { OptionalRequirement, Requirement } from '../guards/requirement.ts'
import { type CountersignPluginOptions, resolveOptions, type Settings } from '../options.ts'
import { type CapturedRequest, receive, signatureParameters } from './captured-request.ts'
import { type ExplainedRefusal, type ExplainedStep, explainSteps } from './steps.ts'

export type { StepName } from '../errors.ts'
export type { CapturedRequest } from './captured-request.ts'
export type { ExplainedRefusal, ExplainedStep } from './steps.ts'

/**
 * Options of {@link explainRequests}.
 *
 * @example
 * ```ts
 * const question: ExplainOptions = { requirement: 'ops', now: Date.parse('2026-11-28T09:00:00Z') }
 * await explainRequests([{ method: 'GET', target: '/ops', rawHeaders }], options, question)
 * ```
 */
export interface ExplainOptions {
  /** The requirement of the route. Without it, no guard is applied. */
  readonly requirement?: Requirement | OptionalRequirement
  /**
   * The time of the decision, in seconds since the epoch. By default the `created` of each request's signature; the
   * current time for a request without a signature.
   */
  readonly now?: number
}

/**
 * The plugin's decision on a request, with the reasons.
 *
 * @example
 * ```ts
 * const isAdmitted = ({ refusal }: Explanation) => refusal === null
 * ```
 */
export interface Explanation {
  /** The time of the decision, in seconds since the epoch. */
  readonly at: number
  /** Every step, in the order in which the plugin takes them. */
  readonly steps: readonly ExplainedStep[]
  /** `null` if the request is admitted. */
  readonly refusal: ExplainedRefusal | null
  /**
   * `false` with `mode: 'report'`: the origin only reports the refusal, and the handler answers. The modes of rules in
   * `routes` do not count, because a captured request does not tell its route.
   */
  readonly enforced: boolean
  /** The certificate that the handler reads in `request.clientCert`; `null` also if the origin refuses the request. */
  readonly clientCert: ClientCert | null
}

/**
 * Decides on captured requests with the plugin's own code, as an origin with these options would just after its start.
 * It takes the requests in order, so the second copy of a request is a replay.
 *
 * It fetches keys, CAs and revocation lists according to the options, once, and needs them. It spends nonces in a memory of its
 * own, never in the store of `edge.replay`. It calls your own guards and `access.matches`, and never `identify`.
 *
 * @returns one explanation for each request, in the same order
 * @throws TypeError for a wrong option or requirement; Error if a revocation list cannot be loaded
 * @example
 * ```ts
 * const [explanation] = await explainRequests([{ method: 'GET', target: '/me', rawHeaders }], options)
 * explanation?.steps.find(({ outcome }) => outcome === 'fails') // { step: 'trust', code: 'CSN_CERT_REVOKED', … }
 * ```
 */
export async function explainRequests(
  requests: readonly CapturedRequest[],
  options: CountersignPluginOptions,
  { requirement, now }: ExplainOptions = {},
): Promise<Explanation[]> {
  const settings = withOwnMemory(
    resolveOptions(options, () => {}),
    requests.length,
  )
  const guard = requirement === undefined ? undefined : settings.guards.compileRoute(requirement, 'the requirement')
  try {
    await settings.background.start()
    const explanations: Explanation[] = []
    for (const request of requests) {
      explanations.push(await explain(request, settings, guard, now ?? signedAt(request) ?? Date.now() / 1000))
    }
    return explanations
  } finally {
    settings.background.stop()
  }
}

/**
 * Checks options as the plugin does when it is registered. It fetches no keys, reads no files, and calls no functions.
 *
 * @throws TypeError whose message states the correction
 * @example
 * ```ts
 * checkPluginOptions({
 *   edge: null,
 *   access: { team: 'https://acme.cloudflareaccess.com', audience: process.env['ACCESS_AUDIENCE'] },
 *   trustedIssuers: null,
 * }) // TypeError: access.team must be the name before .cloudflareaccess.com, such as "acme"
 * ```
 */
export function checkPluginOptions(options: CountersignPluginOptions): void {
  resolveOptions(options, () => {})
}

async function explain(
  captured: CapturedRequest,
  settings: Settings,
  guard: RouteGuard | undefined,
  at: number,
): Promise<Explanation> {
  const request = receive(captured)
  const explained = { captured, settings, guard, at }
  const enforced = settings.mode === 'enforce'
  const proven = nothingProven()
  try {
    const { clientCert, access, signature } = await authenticate(request, settings, at, guard?.optional, proven)
    if (guard) applyRouteGuard(guard, Object.assign(request, { clientCert, access }) as unknown as FastifyRequest)
    spendNonce(signature, settings.edge)
    return { at, steps: explainSteps(explained), refusal: null, enforced, clientCert }
  } catch (error) {
    if (!isCountersignError(error)) throw error
    const { code, statusCode, message, reason } = error
    const refusal = { code, statusCode, message, reason }
    const step = stepOf(error)
    const clientCert = !enforced && step === 'guard' && isFresh(proven, settings) ? proven.clientCert : null
    return { at, steps: explainSteps(explained, { step, refusal }), refusal, enforced, clientCert }
  }
}

/** Spends the nonce of a request that only the guard refuses, as the origin does in report mode. */
function isFresh({ signature }: Proven, { edge }: Settings): boolean {
  try {
    spendNonce(signature, edge)
    return true
  } catch (error) {
    if (isCountersignError(error)) return false
    throw error
  }
}

const signedAt = (request: CapturedRequest): number | undefined => signatureParameters(request)?.created

const FORGETFUL: ClientMemory = { recall: () => undefined, remember: () => {}, clear: () => {} }

/**
 * Settings for explanations. They remember no client, so that each request is verified in full. They spend nonces in a
 * memory of their own: in the origin's store, a request that is still on its way would be refused as a replay.
 */
function withOwnMemory(settings: Settings, requests: number): Settings {
  const { edge } = settings
  const replay = edge?.replay ? { memory: createNonceMemory(edge.nonceLifetime, requests) } : null
  return { ...settings, memory: FORGETFUL, edge: edge && { ...edge, replay } }
}
