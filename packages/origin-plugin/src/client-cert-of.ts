import type { FastifyRequest } from 'fastify'
import type { ClientCert } from './client-cert.ts'

/**
 * The request's certificate on a route that is not public, without the `null` of the type.
 *
 * @throws TypeError on a public route: there is no certificate that anybody has proven
 * @example
 * ```ts
 * app.get('/me', (request) => clientCertOf(request).subject.CN)
 * ```
 */
export function clientCertOf(request: FastifyRequest): ClientCert {
  if (request.clientCert) return request.clientCert
  throw new TypeError(
    'clientCertOf() is for routes without clientCert: false: on a public route no certificate is verified',
  )
}
