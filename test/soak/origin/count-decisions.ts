import { subscribe } from 'node:diagnostics_channel'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'

/** The number of decisions by outcome: once as the channels publish them, and once as the answers show them. */
export interface DecisionCounts {
  readonly published: Readonly<Record<string, number>>
  readonly answered: Readonly<Record<string, number>>
  /** The number of messages about parts, such as `access keys degraded`. */
  readonly parts: Readonly<Record<string, number>>
}

/**
 * Counts every decision twice. The answers are the second opinion: a hook of the application reads them, which knows
 * nothing of the channels. Public routes have no decision.
 */
export function countDecisions(app: FastifyInstance, publicUrls: readonly string[]): () => DecisionCounts {
  const published: Record<string, number> = {}
  const answered: Record<string, number> = {}
  const parts: Record<string, number> = {}
  const count = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  subscribe('countersign:admitted', (message) => count(published, outcomeOf(message as AdmittedMessage)))
  subscribe('countersign:refused', (message) => count(published, (message as RefusedMessage).code))
  subscribe('countersign:degraded', (message) => {
    const { part, state } = message as DegradedMessage
    count(parts, `${part} ${state}`)
  })
  app.addHook('onSend', async ({ routeOptions }, _reply, payload) => {
    if (!publicUrls.includes(routeOptions.url ?? '')) count(answered, codeIn(payload) ?? 'admitted')
  })
  return () => ({ published, answered, parts })
}

/** A message of a client that the application cannot name would be a fault. */
function outcomeOf({ clientCert, access, enforced }: AdmittedMessage): string {
  return clientCert && access && enforced ? 'admitted' : 'admitted without an identity'
}

function codeIn(payload: unknown): string | undefined {
  const code = typeof payload === 'string' && /^\{"statusCode":\d+,"code":"(CSN_\w+)"/.exec(payload)
  return code ? code[1] : undefined
}
