import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common'
import { APP_FILTER, APP_GUARD, DiscoveryModule, DiscoveryService, HttpAdapterHost } from '@nestjs/core'
import type { FastifyAdapter } from '@nestjs/platform-fastify'
import { ClientCertGuard } from './client-cert-guard.ts'
import { CountersignFilter } from './countersign-filter.ts'
import { requireDecoratorsEnforced } from './require-enforced.ts'

/** The guard, the filter and the check at the start, for the whole application. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    { provide: APP_GUARD, useClass: ClientCertGuard },
    { provide: APP_FILTER, useClass: CountersignFilter },
  ],
})
export class ClientCertModule implements OnApplicationBootstrap {
  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost<FastifyAdapter>,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.host.httpAdapter.getInstance().hasRequestDecorator('clientCert')) {
      throw new TypeError(
        'countersign is not registered; write `await server.register(countersign, …)` before `new FastifyAdapter(server)`',
      )
    }
    const wrappers = [...this.discovery.getControllers(), ...this.discovery.getProviders()]
    requireDecoratorsEnforced(new Set(wrappers.flatMap(({ metatype }) => (isClass(metatype) ? [metatype] : []))))
  }
}

/** The factory of a provider is a function too. */
function isClass(value: unknown): value is new () => unknown {
  return typeof value === 'function' && value.prototype !== undefined
}
