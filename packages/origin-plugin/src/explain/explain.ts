/**
 * What the plugin would decide on requests that were captured, and why, step by step.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { authenticate } from '../authenticate.ts'
import { backgroundTasks } from '../background-tasks.ts'
import { type CertificateStep, readTrustedCert } from '../certificate/read-trusted-cert.ts'
import { createNonceMemory } from '../edge-signature/nonce-memory.ts'
import { isCountersignError } from '../errors.ts'
import { applyGuard } from '../guards/apply-guard.ts'
import type { Requirement } from '../guards/requirement.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { resolveOptions, type Settings } from '../resolve-options.ts'
import { type CapturedRequest, receive, signatureParameters } from './captured-request.ts'
import { type ExplainedRefusal, type ExplainedStep, explainSteps } from './steps.ts'

export type { CapturedRequest } from './captured-request.ts'
export type { ExplainedRefusal, ExplainedStep, StepName } from './steps.ts'

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
 * explanation.steps.find(({ outcome }) => outcome === 'fails') // { step: 'trust', code: 'CSN_CERT_REVOKED', … }
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
  const tasks = backgroundTasks(settings)
  try {
    await Promise.all(tasks.map((task) => task.start()))
    const explanations: Explanation[] = []
    for (const request of requests) {
      explanations.push(await explain(request, settings, guard, now ?? signedAt(request) ?? Date.now() / 1000))
    }
    return explanations
  } finally {
    for (const task of tasks) task.stop()
  }
}

type Guard = Parameters<typeof applyGuard>[0]

async function explain(
  captured: CapturedRequest,
  settings: Settings,
  guard: Guard | undefined,
  at: number,
): Promise<Explanation> {
  let begun: CertificateStep | undefined
  const request = receive(captured)
  const observed = observe(settings, (step) => {
    begun = step
  })
  const given = { captured, settings, guard }
  try {
    const { clientCert, access } = await authenticate(request, observed, at)
    if (guard) applyGuard(guard, Object.assign(request, { clientCert, access }) as unknown as FastifyRequest)
    return { at, steps: explainSteps(given), refusal: null }
  } catch (error) {
    if (!isCountersignError(error)) throw error
    const { code, statusCode, message, reason } = error
    const refusal = { code, statusCode, message, reason }
    return { at, steps: explainSteps(given, { refusal, begun }), refusal }
  }
}

const signedAt = (request: CapturedRequest): number | undefined => signatureParameters(request)?.created

/** Spending a nonce in the origin's own store would refuse the request if it is still on its way. */
function withOwnMemory(settings: Settings, requests: number): Settings {
  const { edge } = settings
  if (!edge?.replay) return settings
  return { ...settings, edge: { ...edge, replay: { memory: createNonceMemory(edge.nonceLifetime, requests) } } }
}

/** Settings that remember no certificate, so that each step is taken for each request, and tell of it. */
function observe(settings: Settings, begin: (step: CertificateStep) => void): Settings {
  return {
    ...settings,
    certificates: {
      recall: () => undefined,
      learn: (fields) => ({
        value: readTrustedCert(fields, settings.trustedIssuers, begin),
        last: undefined,
      }),
    },
  }
}
