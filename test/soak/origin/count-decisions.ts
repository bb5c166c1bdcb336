import { subscribe } from 'node:diagnostics_channel'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'
import type { Measured } from '../../../packages/origin-plugin/test/support/collect-metrics.ts'

/** The number of decisions by outcome: as the channels publish them, as the answers show them, and as OpenTelemetry counts them. */
export interface DecisionCounts {
  readonly published: Readonly<Record<string, number>>
  readonly answered: Readonly<Record<string, number>>
  /** As the counter of OpenTelemetry has them. */
  readonly measured: Readonly<Record<string, number>>
  /** The number of messages about parts, such as `access keys degraded`. */
  readonly parts: Readonly<Record<string, number>>
}

/**
 * Counts every decision three times, once as OpenTelemetry measures it. The answers are the second opinion: a hook of the application reads them, which knows
 * nothing of the channels. Public routes have no decision.
 */
export function countDecisions(
  app: FastifyInstance,
  publicUrls: readonly string[],
  measure: () => Promise<readonly Measured[]>,
): () => Promise<DecisionCounts> {
  const published: Record<string, number> = {}
  const answered: Record<string, number> = {}
  const parts: Record<string, number> = {}
  const count = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  subscribe('countersign:admitted', (message) => count(published, outcomeOf(message as AdmittedMessage)))
  subscribe('countersign:refused', (message) => {
    const { code, enforced } = message as RefusedMessage
    count(published, nameOf(code, enforced))
  })
  subscribe('countersign:degraded', (message) => {
    const { part, state } = message as DegradedMessage
    count(parts, `${part} ${state}`)
  })
  app.addHook('onSend', async ({ routeOptions }, reply, payload) => {
    const { url = '' } = routeOptions
    if (publicUrls.includes(url)) return
    const code = codeIn(payload) ?? reply.getHeader('countersign-not-enforced') ?? 'admitted'
    count(answered, nameOf(String(code), url !== '/reported'))
  })
  return async () => {
    const measured: Record<string, number> = {}
    for (const { attributes, value } of await measure()) {
      const { 'countersign.code': code = 'admitted', 'countersign.enforced': enforced } = attributes
      const name = nameOf(String(code), enforced === true)
      measured[name] = (measured[name] ?? 0) + Number(value)
    }
    return { published, answered, measured, parts }
  }
}

/** A message of a client that the application cannot name would be a fault. */
function outcomeOf({ clientCert, access, enforced }: AdmittedMessage): string {
  return nameOf(clientCert && access ? 'admitted' : 'admitted without an identity', enforced)
}

const nameOf = (outcome: string, enforced: boolean): string => (enforced ? outcome : `${outcome} in report mode`)

/** The code of a refusal in the body of an answer. */
export function codeIn(payload: unknown): string | undefined {
  const code = typeof payload === 'string' && /^\{"statusCode":\d+,"code":"(CSN_\w+)"/.exec(payload)
  return code ? code[1] : undefined
}
