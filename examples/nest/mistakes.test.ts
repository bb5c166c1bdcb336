import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign from '@countersign/origin-plugin'
import { Controller, Get, Injectable, Module, SetMetadata, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { FastifyAdapter, type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AppModule } from './app-module.ts'
import { buildApp } from './build-app.ts'
import { ClientCertGuard } from './client-cert/client-cert-guard.ts'
import { ClientCertModule } from './client-cert/client-cert-module.ts'
import { OptionalClientCert, Public, RequireClientCert } from './client-cert/require-client-cert.ts'

const edge = await createTestEdge()
const policies = { ops: { subject: { OU: 'Ops' } } }
const silent = { logger: false, abortOnError: false } as const

/** Starts the application with these classes in place of the example's. */
async function start(controllers: Type[], providers: Type[] = []): Promise<void> {
  @Module({ imports: [ClientCertModule], controllers, providers })
  class TestModule {}
  const app = await buildApp(edge.options, {}, TestModule)
  onTestFinished(() => app.close())
  await app.listen(0, '127.0.0.1')
}

const LOST =
  'JobsController.list: @RequireClientCert is lost, because a decorator above it replaces the config or the method, or a subclass the method; write it at the top, on this method'

describe('the application does not start with', () => {
  it('a requirement in @RouteConfig of a class', async () => {
    @Controller('jobs')
    @RouteConfig({ clientCert: 'ops' })
    class JobsController {
      @Get() list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(
      'JobsController: Nest ignores @RouteConfig on a class, so its clientCert would not be enforced; write @RequireClientCert(…)',
    )
  })

  it('a @RouteConfig that replaces the requirement', async () => {
    @Controller('jobs')
    class JobsController {
      @Get()
      @RouteConfig({ rateLimit: 1 })
      @RequireClientCert('ops')
      list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(LOST)
  })

  it('a decorator that wraps the method and loses the requirement', async () => {
    const Logged = (): MethodDecorator => (_target, _name, descriptor) => {
      const { value } = descriptor as { value?: unknown }
      Object.assign(descriptor, { value: () => (value as () => unknown)() })
    }
    @Controller('jobs')
    class JobsController {
      @Get()
      @Logged()
      @RequireClientCert('ops')
      list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(LOST)
  })

  it('a subclass that declares a handler again without its requirement', async () => {
    class Base {
      @Get()
      @RequireClientCert('ops')
      list() {}
    }
    @Controller('jobs')
    class JobsController extends Base {
      @Get()
      override list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(LOST)
  })

  it('a requirement of a class on the handler of its superclass', async () => {
    class Base {
      @Get() list() {}
    }
    @Controller('jobs')
    @RequireClientCert('ops')
    class JobsController extends Base {}
    await expect(start([JobsController])).rejects.toThrow(
      'JobsController.list: @RequireClientCert of the class does not reach this handler; write @RequireClientCert(…) on the handler, in the class that declares it',
    )
  })

  it('a requirement of a superclass on a new handler', async () => {
    @RequireClientCert('ops')
    class Base {}
    @Controller('jobs')
    class JobsController extends Base {
      @Get() list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(/^JobsController\.list: @RequireClientCert of the class/)
  })

  it('a requirement on a method without a route', async () => {
    @Injectable()
    class JobsService {
      @RequireClientCert('ops') list() {}
    }
    await expect(start([], [JobsService])).rejects.toThrow(
      'JobsService.list has @RequireClientCert and no route of HTTP, so nothing would enforce it; remove it, or write @Get() or another route',
    )
  })

  it('a gateway, because its connections do not pass Fastify', async () => {
    @Injectable()
    @SetMetadata('websockets:is_gateway', true)
    class JobsGateway {}
    await expect(start([], [JobsGateway])).rejects.toThrow(
      'JobsGateway is a gateway, whose connections do not pass Fastify and would not be verified; write a route of @fastify/websocket',
    )
  })

  it('an unknown policy', async () => {
    @Controller('jobs')
    class JobsController {
      @Get() @RequireClientCert('opps') list() {}
    }
    await expect(start([JobsController])).rejects.toThrow(/^GET \/api\/v1\/jobs: .*"opps".*ops/)
  })

  it('two requirements on a handler, which fail when the class is read', () => {
    expect(() => {
      class JobsController {
        @Get()
        @RequireClientCert('ops')
        @Public()
        list() {}
      }
      return JobsController
    }).toThrow('JobsController.list has two requirements; write one @RequireClientCert, with allOf(…) for both')
  })
})

describe('countersign', () => {
  const create = (adapter: FastifyAdapter) =>
    NestFactory.create<NestFastifyApplication>(AppModule, adapter, silent).then((app) => {
      onTestFinished(() => app.close())
      return app.enableVersioning()
    })

  it('that is missing is an error of the module', async () => {
    const app = await create(new FastifyAdapter(Fastify()))
    await expect(app.listen(0, '127.0.0.1')).rejects.toThrow(
      'countersign is not registered; write `await server.register(countersign, …)` before `new FastifyAdapter(server)`',
    )
  })

  it('does not start after the hooks and the middleware of Nest', async () => {
    const app = await create(new FastifyAdapter())
    await app.register(countersign, { ...edge.options, policies })
    await expect(app.listen(0, '127.0.0.1')).rejects.toThrow(
      /^onRequest hooks run in front of countersign, and could answer a request that it refuses; register countersign before their plugins/,
    )
  })

  it('does not start after the routes of Nest', async () => {
    @Controller('early')
    class EarlyController {
      @Get() read() {}
    }
    @Module({ controllers: [EarlyController] })
    class EarlyModule {}
    const app = await NestFactory.create<NestFastifyApplication>(EarlyModule, new FastifyAdapter(), silent)
    await app.init()
    await expect(async () => await app.register(countersign, { ...edge.options, policies })).rejects.toThrow(
      /^GET \/early was registered before countersign and would not be protected; write `await app\.register/,
    )
  })
})

describe('ClientCertGuard', () => {
  const guard = new ClientCertGuard()
  class Handlers {
    guarded() {}
    @Public() open() {}
    @OptionalClientCert() optional() {}
  }
  const context = (handler: 'guarded' | 'open' | 'optional', type: string, request: object) => {
    const host = new ExecutionContextHost([request], Handlers, Handlers.prototype[handler])
    host.setType(type)
    return host
  }

  it('refuses the messages of a microservice, and those of a gateway', () => {
    expect(guard.canActivate(context('guarded', 'rpc', { clientCert: {} }))).toBe(false)
    expect(guard.canActivate(context('guarded', 'ws', { clientCert: {} }))).toBe(false)
    expect(guard.canActivate(context('optional', 'rpc', {}))).toBe(false)
    expect(guard.canActivate(context('open', 'rpc', {}))).toBe(true)
  })

  it('throws for a request without a certificate, unless the handler does without one', () => {
    expect(() => guard.canActivate(context('guarded', 'http', {}))).toThrow('clientCertOf()')
    expect(guard.canActivate(context('guarded', 'http', { clientCert: {} }))).toBe(true)
    expect(guard.canActivate(context('open', 'http', {}))).toBe(true)
    expect(guard.canActivate(context('optional', 'http', {}))).toBe(true)
  })
})
