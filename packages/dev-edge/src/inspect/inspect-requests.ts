import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import {
  type CapturedRequest,
  type ExplainOptions,
  type Explanation,
  explainRequests,
} from '@countersign/origin-plugin/explain'
import { redactHeaders, redactTarget, type ShownHeader } from './redact.ts'

/** The origin's decision on a request, with the parts of the request that are safe to print. */
export interface Inspection extends Omit<Explanation, 'at' | 'clientCert'> {
  readonly method: string
  /** The path, and the length of the query. */
  readonly path: string
  /** The headers that decide. */
  readonly headers: readonly ShownHeader[]
  /** The time of the judgement (ISO 8601). */
  readonly at: string
}

/** Judges captured requests in turn, as an origin with these options would. */
export async function inspectRequests(
  requests: readonly CapturedRequest[],
  options: CountersignPluginOptions,
  more: ExplainOptions,
): Promise<Inspection[]> {
  const explanations = await explainRequests(requests, options, more)
  return explanations.map(({ at, steps, refusal, enforced }, index) => {
    const request = requests[index] as CapturedRequest
    return {
      method: request.method,
      path: redactTarget(request.target),
      at: new Date(at * 1000).toISOString(),
      headers: redactHeaders(request),
      steps,
      refusal,
      enforced,
    }
  })
}
