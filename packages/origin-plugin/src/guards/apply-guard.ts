import type { FastifyRequest } from 'fastify'
import { refusal } from '../errors.ts'
import type { Guard } from './guard.ts'

/**
 * Lets a guard decide on the request's certificate.
 *
 * @throws CountersignError `CSN_CERT_FORBIDDEN`, or `CSN_CERT_MISSING` on a public route
 */
export function applyGuard(guard: Guard, request: FastifyRequest): void {
  if (!request.clientCert) throw refusal('CSN_CERT_MISSING', 'the route is public, so that no certificate was verified')
  const { outcome, reason } = guard.decide(request.clientCert, request)
  if (outcome !== 'match') throw refusal('CSN_CERT_FORBIDDEN', `${reason} (${request.clientCert.subject})`)
}
