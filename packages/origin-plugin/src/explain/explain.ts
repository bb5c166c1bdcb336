/**
 * What the plugin would decide on requests that were captured, and why, step by step.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { authenticate } from '../authenticate.ts'
import type { ClientMemory } from '../client-memory.ts'
import { createNonceMemory } from '../edge-signature/nonce-memory.ts'
import { isCountersignError, stepOf } from '../errors.ts'
import { applyGuard, type Guard } from '../guards/guard.ts'
import type { Requirement } from '../guards/requirement.ts'
import { type CountersignPluginOptions, resolveOptions, type Settings } from '../options.ts'
import { type CapturedRequest, receive, signatureParameters } from './captured-request.ts'
import { type ExplainedRefusal, type ExplainedStep, explainSteps } from './steps.ts'

export type { StepName } from '../errors.ts'
export type { CapturedRequest } from './captured-request.ts'
export type { ExplainedRefusal, ExplainedStep } from './steps.ts'

/** What is to be known beside the requests and the plugin's options. */
export interface ExplainOptions {
  /** What the route asks for. Left out, no guard is asked. */
  readonly requirement?: Requirement
  /**
   * Seconds since the epoch at which to judge. Left out, each request is judged at the time that its signature says, and
   * one without a signature now.
   */
  readonly now?: number
}

/** What the plugin would decide on a request, and why. */
export interface Explanation {
  /** The time at which the request was judged, in seconds since the epoch. */
  readonly at: number
  /** Every step, in the order in which the plugin takes them. */
  readonly steps: readonly ExplainedStep[]
  /** `null` when the request is admitted. */
  readonly refusal: ExplainedRefusal | null
}

/**
 * Judges captured requests as an origin with these options would that had just started: with the plugin's own code, one
 * after the other, so that a request that comes a second time is a replay.
 *
 * Keys and revocation lists are fetched as the options say, and have to be there. Nonces are spent in a memory of its
 * own, never in the store of `edge.replay`. A guard or `access.matches` of your own is called.
 *
 * @throws TypeError for a wrong option or requirement; Error when a revocation list cannot be loaded
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
  const guard = requirement === undefined ? undefined : settings.guards.compile(requirement, 'the requirement')
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

async function explain(
  captured: CapturedRequest,
  settings: Settings,
  guard: Guard | undefined,
  at: number,
): Promise<Explanation> {
  const request = receive(captured)
  const explained = { captured, settings, guard }
  try {
    const { clientCert, access } = await authenticate(request, settings, at)
    if (guard) applyGuard(guard, Object.assign(request, { clientCert, access }) as unknown as FastifyRequest)
    return { at, steps: explainSteps(explained), refusal: null }
  } catch (error) {
    if (!isCountersignError(error)) throw error
    const { code, statusCode, message, reason } = error
    const refusal = { code, statusCode, message, reason }
    return { at, steps: explainSteps(explained, { step: stepOf(error), refusal }), refusal }
  }
}

const signedAt = (request: CapturedRequest): number | undefined => signatureParameters(request)?.created

const FORGETFUL: ClientMemory = { recall: () => undefined, remember: () => {} }

/**
 * Settings for explanations. They remember no client, so that each request is verified in full. They spend nonces in a
 * memory of their own: in the origin's store, a request that is still on its way would be refused as a replay.
 */
function withOwnMemory(settings: Settings, requests: number): Settings {
  const { edge } = settings
  const replay = edge?.replay ? { memory: createNonceMemory(edge.nonceLifetime, requests) } : null
  return { ...settings, memory: FORGETFUL, edge: edge && { ...edge, replay } }
}
