import { type CertifiedRequest, clientCertOf, type ClientCert as ProvenCert } from '@countersign/origin-plugin'
import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import { declaredFor } from './require-client-cert.ts'

/** The client's proven certificate. */
export type ClientCert = ProvenCert

/**
 * Passes the client's certificate to a parameter. With `@OptionalClientCert()` it can be `null`. On a public route it
 * throws, and the client gets 500.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@ClientCert() cert: ClientCert) {
 *   return cert.subject.CN
 * }
 * ```
 */
export const ClientCert: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<CertifiedRequest>()
  const declared = declaredFor(context.getHandler(), context.getClass())
  return declared?.isOptional && declared.requirement !== false ? request.clientCert : clientCertOf(request)
})
