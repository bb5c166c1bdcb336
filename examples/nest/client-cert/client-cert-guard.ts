import { type CertifiedRequest, clientCertOf } from '@countersign/origin-plugin'
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { declaredFor } from './require-client-cert.ts'

/**
 * Refuses every call without a certificate, except for handlers that are public or do without one.
 *
 * The plugin has verified the certificate before, and refused requests do not come here. This guard is for calls that
 * do not pass Fastify: messages of a microservice, and a server that was built without the plugin.
 */
@Injectable()
export class ClientCertGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const declared = declaredFor(context.getHandler(), context.getClass())
    if (declared?.requirement === false) return true
    if (context.getType() !== 'http') return false
    if (declared?.isOptional) return true
    // Throws without a certificate.
    return clientCertOf(context.switchToHttp().getRequest<CertifiedRequest>()) !== null
  }
}
