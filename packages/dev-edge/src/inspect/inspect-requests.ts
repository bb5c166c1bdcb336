import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import {
  type CapturedRequest,
  type ExplainOptions,
  type Explanation,
  explainRequests,
} from '@countersign/origin-plugin/explain'
import { redactHeaders, redactTarget, type ShownHeader } from './redact.ts'

/** What an origin would decide on a request, with as much of the request as may be shown. */
export interface Inspection extends Omit<Explanation, 'at'> {
  readonly method: string
  /** The path; of the query, the length. */
  readonly path: string
  /** The headers that the origin decides on. */
  readonly headers: readonly ShownHeader[]
  /** The time at which the request was judged (ISO 8601). */
  readonly at: string
}

/** Judges captured requests as an origin with these options would, one after the other. */
export async function inspectRequests(
  requests: readonly CapturedRequest[],
  options: CountersignPluginOptions,
  more: ExplainOptions,
): Promise<Inspection[]> {
  const explanations = await explainRequests(requests, options, more)
  return explanations.map(({ at, steps, refusal }, index) => {
    const request = requests[index] as CapturedRequest
    return {
      method: request.method,
      path: redactTarget(request.target),
      at: new Date(at * 1000).toISOString(),
      headers: redactHeaders(request),
      steps,
      refusal,
    }
  })
}
