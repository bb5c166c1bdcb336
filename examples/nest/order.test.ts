import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { createTestEdge, type TestInjectOptions } from '@countersign/dev-edge/testing'
import countersign from '@countersign/origin-plugin'
import { All, Controller, Get, type MiddlewareConsumer, Module, Scope, Version, VersioningType } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import Fastify from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ClientCertModule } from './client-cert/client-cert-module.ts'
import { Public, RequireClientCert } from './client-cert/require-client-cert.ts'

const edge = await createTestEdge()
const options = { ...edge.options, policies: { ops: { subject: { OU: 'Ops' } } } }
const cors = { routes: [{ method: 'OPTIONS', url: '*', clientCert: false as const }] }
const bob = { subject: 'CN=bob,OU=Sales,O=Acme' }
const alice = { subject: 'CN=alice,OU=Ops,O=Acme' }

/** The URLs that the middleware of Nest has seen. */
const seen: string[] = []

@Controller()
class JobsController {
  @Get('jobs') @RequireClientCert('ops') list(): string {
    return 'first'
  }
  @Get('jobs') @Version('2') @RequireClientCert({ subject: { CN: 'bob' } }) listAgain(): string {
    return 'second'
  }
  @Get(['a', 'b']) @RequireClientCert('ops') twice(): string {
    return 'twice'
  }
  @All('all') @RequireClientCert('ops') all(): string {
    return 'all'
  }
  @RequireClientCert('ops') @Get('merged') @RouteConfig({ logged: true }) merged(): string {
    return 'merged'
  }
  @Get('open') @Public() open(): string {
    return 'open'
  }
}

/** Nest makes an instance for each request, in a handler of another kind. */
@Controller({ path: 'scoped', scope: Scope.REQUEST })
@RequireClientCert('ops')
class ScopedController {
  @Get() read(): string {
    return 'scoped'
  }
}

@Module({ imports: [ClientCertModule], controllers: [JobsController, ScopedController] })
class JobsModule {
  configure(consumer: MiddlewareConsumer): void {
    const middleware = ({ originalUrl }: { readonly originalUrl: string }, _response: unknown, next: () => void) => {
      seen.push(originalUrl)
      next()
    }
    consumer.apply(middleware).forRoutes('*path')
  }
}

/** The server of Nest, with countersign in front of everything. */
async function withOwnServer(more: object = {}): Promise<FastifyAdapter> {
  const server = Fastify()
  await server.register(countersign, { ...options, ...more })
  return new FastifyAdapter(server)
}

/** The server that Nest makes, with the six hooks of the adapter in front of countersign, and Nest's middleware behind. */
async function withServerOfNest(more: object = {}): Promise<FastifyAdapter> {
  const adapter = new FastifyAdapter()
  await adapter.getInstance().register(countersign, { ...options, ...more, hooksInFront: Array(6).fill('anonymous') })
  return adapter
}

describe.each([
  { order: 'an own server', build: withOwnServer, corsOfRefusal: undefined },
  { order: "Nest's server", build: withServerOfNest, corsOfRefusal: 'https://app.example.com' },
])('with $order', ({ build, corsOfRefusal }) => {
  let app: NestFastifyApplication
  let port: number
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(JobsModule, await build(cors), {
      logger: false,
      abortOnError: false,
    })
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
    app.enableCors({ origin: 'https://app.example.com' })
    await app.listen(0, '127.0.0.1')
    port = (app.getHttpServer().address() as AddressInfo).port
  })
  afterAll(() => app.close())
  beforeEach(() => void seen.splice(0))

  const send = async (request: TestInjectOptions) => {
    const { statusCode, body } = await edge.inject(app.getHttpAdapter().getInstance(), request)
    return `${statusCode} ${body}`
  }

  it('middleware sees admitted and public requests only', async () => {
    expect(await send({ url: '/v1/jobs?a', cert: bob })).toContain('403')
    expect((await app.inject('/v1/jobs?b')).statusCode).toBe(401)
    expect(await send({ url: '/nowhere?c' })).toContain('CSN_CERT_MISSING')
    expect(seen).toEqual([])
    expect(await send({ url: '/v1/jobs?d', cert: alice })).toBe('200 first')
    expect((await app.inject('/v1/open?e')).body).toBe('open')
    expect(await send({ url: '/nowhere?f', cert: bob })).toContain('404')
    expect(seen).toEqual(['/v1/jobs?d', '/v1/open?e', '/nowhere?f'])
  })

  it.each(['/v1/a', '/v1/b', '/v1/merged', '/v1/all', '/v1/scoped'])(
    'the requirement of %s is enforced',
    async (url) => {
      expect(await send({ url, cert: bob })).toContain('CSN_CERT_FORBIDDEN')
      expect(await send({ url, cert: alice })).toMatch(/^200 /)
    },
  )

  it('CORS answers preflights', async () => {
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const preflight = await app.inject({ method: 'OPTIONS', url: '/v1/jobs', headers })
    expect([preflight.statusCode, preflight.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://app.example.com',
    ])
    const refusal = await app.inject({ url: '/v1/jobs', headers })
    expect([refusal.statusCode, refusal.headers['access-control-allow-origin']]).toEqual([401, corsOfRefusal])
  })

  // Routers have read the first character of a target for a slash, and Nest has a hook for such targets.
  it.each(['*v1/jobs', 'xv1/jobs', '*', '//v1/jobs', 'http://localhost/v1/jobs', '/V1/jobs', '/v1/jobs/'])(
    'a request for %s without a signature reaches neither middleware nor handler',
    async (target) => {
      const socket = connect(port, '127.0.0.1')
      socket.end(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      const answer = await text(socket)
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(seen).toEqual([])
    },
  )
})

describe('versions in a header', () => {
  async function statuses(build: () => Promise<FastifyAdapter>): Promise<string[]> {
    const app = await NestFactory.create<NestFastifyApplication>(JobsModule, await build(), {
      logger: false,
      abortOnError: false,
    })
    app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' })
    await app.init()
    const answers = ['1', '2'].flatMap((version) =>
      [bob, alice].map((cert) =>
        edge.inject(app.getHttpAdapter().getInstance(), { url: '/jobs', cert, headers: { 'x-version': version } }),
      ),
    )
    const bodies = (await Promise.all(answers)).map(({ statusCode, body }) =>
      statusCode === 200 ? body : `${statusCode}`,
    )
    await app.close()
    return bodies
  }

  it("have a requirement each, with Nest's server", async () => {
    expect(await statuses(withServerOfNest)).toEqual(['403', 'first', 'second', '403'])
  })

  it('are unknown to an own server', async () => {
    expect(await statuses(withOwnServer)).toEqual(['404', '404', '404', '404'])
  })
})
