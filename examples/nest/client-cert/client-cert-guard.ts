import { type CertifiedRequest, clientCertOf } from '@countersign/origin-plugin'
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { REQUIREMENT } from './require-client-cert.ts'

/**
 * Refuses every call without a certificate, except for handlers that are public.
 *
 * The plugin has verified the certificate before, and refused requests do not come here. This guard is for calls that
 * do not pass Fastify: messages of a microservice, and a server that was built without the plugin.
 */
@Injectable()
export class ClientCertGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const requirement = this.reflector.getAllAndOverride<unknown>(REQUIREMENT, [
      context.getHandler(),
      context.getClass(),
    ])
    if (requirement === false) return true
    if (context.getType() !== 'http') return false
    // Throws without a certificate.
    return clientCertOf(context.switchToHttp().getRequest<CertifiedRequest>()) !== null
  }
}
