import { type CertifiedRequest, clientCertOf, type ClientCert as ProvenCert } from '@countersign/origin-plugin'
import { createParamDecorator, type ExecutionContext } from '@nestjs/common'

/** The client's proven certificate. */
export type ClientCert = ProvenCert

/**
 * Passes the client's certificate to a parameter. On a public route it throws, and the client gets 500.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@ClientCert() cert: ClientCert) {
 *   return cert.subject.CN
 * }
 * ```
 */
export const ClientCert: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  clientCertOf(context.switchToHttp().getRequest<CertifiedRequest>()),
)
