import { channel } from 'node:diagnostics_channel'
import { createCa } from '@countersign/test-support/certificates'
import { lineStream } from '@countersign/test-support/line-stream'
import { der } from '@countersign/test-support/write-der'
import { context, metrics, type Span, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { Histogram } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startMetrics } from '../../test/support/collect-metrics.ts'
import { AUTHORITY } from '../../test/support/edge-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import { writeCrl } from '../../test/support/write-crl.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { countersign } from '../plugin.ts'
import { TAG } from '../x509/der.ts'
import { type CountersignTelemetryOptions, countersignTelemetry } from './otel.ts'

const OPTIONS: CountersignPluginOptions = {
  ...SIGNED_ONLY,
  policies: { ops: { subject: { OU: 'Ops' } } },
}

/** A server with routes, and with the metrics of the real SDK. */
async function start(telemetry: CountersignTelemetryOptions = {}, changes: Partial<CountersignPluginOptions> = {}) {
  const sdk = startMetrics()
  const lines: string[] = []
  const logger = { level: 'warn', stream: lineStream((line) => lines.push(line)) }
  const app = Fastify({ logger }) as never as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, { ...OPTIONS, ...changes })
  await app.register(countersignTelemetry, { meterProvider: sdk.meterProvider, ...telemetry })
  app.get('/users/:id', () => 'me')
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  app.get('/hook', { preHandler: app.requireClientCert('ops') }, () => 'ops')
  app.get('/public', { config: { clientCert: false } }, () => 'all')
  return { app, lines, ...sdk }
}

const admitted = { 'countersign.outcome': 'admitted', 'countersign.enforced': true }
const refused = (code: string, step: string, enforced = true) => ({
  'countersign.outcome': 'refused',
  'countersign.code': code,
  'countersign.step': step,
  'countersign.enforced': enforced,
})
const missing = refused('CSN_SIGNATURE_MISSING', 'edge signature')
const forbidden = refused('CSN_CERT_FORBIDDEN', 'guard')

describe('the counter countersign.decisions', () => {
  it('counts by outcome, code, step and declared route, and each url of a client alike', async () => {
    const { app, collect } = await start()
    for (const id of [1, 2, 3]) await injectSigned(app, `/users/${id}?x=${id}`)
    for (const path of ['/a', '/b']) await app.inject(path)
    await injectSigned(app, '/ops', { subject: 'CN=eve' })
    await injectSigned(app, '/hook', { subject: 'CN=eve' })
    await app.inject('/public')
    expect(await collect('countersign.decisions')).toEqual([
      { unit: '{decision}', value: 3, attributes: { ...admitted, 'http.route': '/users/:id' } },
      { unit: '{decision}', value: 2, attributes: missing },
      { unit: '{decision}', value: 1, attributes: { ...forbidden, 'http.route': '/ops' } },
      { unit: '{decision}', value: 1, attributes: { ...admitted, 'http.route': '/hook' } },
      { unit: '{decision}', value: 1, attributes: { ...forbidden, 'http.route': '/hook' } },
    ])
  })

  it('shows refusals of report mode as not enforced, and has the attributes of the operator', async () => {
    const { app, collect } = await start({ attributes: { 'service.part': 'admin', shard: 2 } }, { mode: 'report' })
    await app.inject('/ops')
    expect((await collect('countersign.decisions')).map(({ attributes }) => attributes)).toEqual([
      {
        'service.part': 'admin',
        shard: 2,
        ...refused('CSN_SIGNATURE_MISSING', 'edge signature', false),
        'http.route': '/ops',
      },
    ])
    const unenforced = app.clientCertRoutes().filter(({ enforced }) => !enforced).length
    expect(unenforced).toBeGreaterThan(3)
    const common = { 'service.part': 'admin', shard: 2 }
    expect(await collect('countersign.routes.unenforced')).toEqual([
      { unit: '{route}', value: unenforced, attributes: common },
    ])
    expect((await collect('countersign.part.status'))[0]?.attributes).toMatchObject(common)
  })

  it('counts the requests of its own server, in child scopes too', async () => {
    const one = await start()
    const two = await start()
    one.app.register(async (scope) => void scope.get('/child', () => 'child'))
    await injectSigned(one.app, '/child')
    await injectSigned(two.app, '/users/1')
    const routesOf = async ({ collect }: typeof one) =>
      (await collect('countersign.decisions')).map(({ attributes }) => attributes['http.route'])
    expect([await routesOf(one), await routesOf(two)]).toEqual([['/child'], ['/users/:id']])
  })

  it('is of the global provider by default, with the name and the version of the package', async () => {
    const { meterProvider, collectAll } = startMetrics()
    metrics.setGlobalMeterProvider(meterProvider)
    onTestFinished(() => metrics.disable())
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(countersign, OPTIONS)
    await app.register(countersignTelemetry)
    await app.inject('/')
    const [{ scope, metrics: found } = {}] = await collectAll()
    expect(scope).toMatchObject({
      name: '@countersign/origin-plugin',
      version: app.countersignHealth().versions.origin,
    })
    expect(found?.map(({ descriptor }) => descriptor.name)).toContain('countersign.decisions')
  })

  it('ends with the server', async () => {
    const { app, collect } = await start()
    const request = { server: app }
    const publishAll = () => {
      channel('countersign:admitted').publish({ request, route: '/a', enforced: true })
      channel('countersign:refused').publish({ request, route: '/b', enforced: true, code: 'C', step: 'S' })
      channel('countersign:degraded').publish({ server: app, part: 'edge keys', state: 'degraded' })
    }
    const counts = async () => {
      const points = [...(await collect('countersign.decisions')), ...(await collect('countersign.part.events'))]
      return points.map(({ value }) => value)
    }
    publishAll()
    expect(await counts()).toEqual([1, 1, 1])
    // The last collection of a process comes after the end of the server, and has every decision.
    for (let time = 0; time < 3; time += 1) publishAll()
    await app.close()
    publishAll()
    expect(await counts()).toEqual([4, 4, 4])
  })

  it('observes no health after the end of the server', async () => {
    const { app, collect } = await start()
    await app.close()
    expect(await collect('countersign.part.status')).toEqual([])
  })
})

describe('the histogram countersign.decision.duration', () => {
  it('has seconds, by outcome and code, without the route, and none for a hook', async () => {
    const { app, collect } = await start()
    const started = performance.now()
    await injectSigned(app, '/users/1')
    await injectSigned(app, '/hook', { subject: 'CN=eve' })
    await app.inject('/users/1')
    const points = await collect('countersign.decision.duration')
    expect(points.map(({ unit, attributes, value }) => [unit, attributes, (value as Histogram).count])).toEqual([
      ['s', admitted, 2],
      ['s', missing, 1],
    ])
    const [{ sum = 0, buckets }] = points.map(({ value }) => value) as [Histogram]
    const seconds = (performance.now() - started) / 1000
    expect(sum).toBeGreaterThan(0)
    expect(sum).toBeLessThan(seconds)
    expect(buckets.boundaries).toEqual([
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])
  })
})

describe('the gauges', () => {
  const memory = { 'countersign.part.type': 'replay memory', 'countersign.part.name': 'the memory of nonces' }
  const stateOf = (points: readonly { attributes: object; value: unknown }[]) =>
    points.map(({ attributes, value }) => [
      (attributes as typeof memory & { 'countersign.part.state': string })['countersign.part.state'],
      value,
    ])

  it('show the state and the use of the replay memory', async () => {
    const { app, collect } = await start({}, { edge: { keys: EDGE_KEY.jwk, hosts: [AUTHORITY], maxRemembered: 5 } })
    const states = async () => stateOf(await collect('countersign.part.status'))
    expect(await states()).toEqual([
      ['ok', 1],
      ['degraded', 0],
      ['failing', 0],
    ])
    expect((await collect('countersign.part.status'))[0]).toEqual({
      unit: '',
      value: 1,
      attributes: { ...memory, 'countersign.part.state': 'ok' },
    })
    expect(await collect('countersign.edge_key.idle')).toEqual([])
    for (let request = 0; request < 4; request += 1) await injectSigned(app, '/users/1')
    expect(await states()).toEqual([
      ['ok', 0],
      ['degraded', 1],
      ['failing', 0],
    ])
    expect(await collect('countersign.part.utilization')).toEqual([{ unit: '', value: 0.8, attributes: memory }])
    await injectSigned(app, '/users/1')
    expect(await states()).toEqual([
      ['ok', 0],
      ['degraded', 0],
      ['failing', 1],
    ])
    expect(await collect('countersign.part.age')).toEqual([])
    expect(await collect('countersign.part.remaining')).toEqual([])
    const [idle] = await collect('countersign.edge_key.idle')
    expect(idle).toMatchObject({ unit: 's', attributes: { 'countersign.edge_key.id': EDGE_KEY.jwk.kid } })
    expect(idle?.value).toBeGreaterThanOrEqual(0)
    expect(idle?.value).toBeLessThan(60)
  })

  it('show the age and the rest of a revocation list', async () => {
    const ca = await createCa()
    const [thisUpdate, nextUpdate] = ['200101000000Z', '490101000000Z'].map((time) => der(TAG.UTC_TIME, time)) as [
      Buffer,
      Buffer,
    ]
    const crl = writeCrl(ca, { thisUpdate, nextUpdate })
    const { app, collect } = await start({}, { trustedIssuers: [{ ca: ca.pem, revocation: { crl: () => crl } }] })
    await app.ready()
    const [{ age, remaining } = {}] = app.countersignHealth().parts
    const list = { 'countersign.part.type': 'revocation list', 'countersign.part.name': expect.any(String) }
    expect(age).toBeTypeOf('number')
    for (const [name, value = 0] of [
      ['age', age],
      ['remaining', remaining],
    ] as const) {
      const [point, ...others] = await collect(`countersign.part.${name}`)
      expect([point, others]).toMatchObject([{ unit: 's', attributes: list }, []])
      expect(Math.abs((point?.value as number) - value)).toBeLessThan(5)
    }
  })
})

describe('the counter countersign.part.events', () => {
  it('counts a failure during the start, for its own server', async () => {
    const { pem } = await createCa()
    const failing = { trustedIssuers: [{ ca: pem, revocation: { crl: '/none', onStale: 'accept' as const } }] }
    const { app, collect } = await start({ attributes: { shard: 1 } }, failing)
    const other = await start()
    await app.ready()
    await other.app.ready()
    expect(await collect('countersign.part.events')).toEqual([
      {
        unit: '{event}',
        value: 1,
        attributes: { shard: 1, 'countersign.part.type': 'revocation list', 'countersign.part.event': 'degraded' },
      },
    ])
    expect(await other.collect('countersign.part.events')).toEqual([])
  })
})

describe('the span of a request', () => {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = provider.getTracer('test')
  const manager = new AsyncLocalStorageContextManager()
  beforeAll(() => context.setGlobalContextManager(manager.enable()))
  afterAll(() => context.disable())

  /** Runs a request in an active span, and returns the attributes of the span. */
  async function attributesOf(request: () => Promise<unknown>) {
    const span = tracer.startSpan('GET')
    // inject() sends the request when it is awaited, so await it in the context.
    await context.with(trace.setSpan(context.active(), span), async () => await request())
    span.end()
    const [found] = exporter.getFinishedSpans()
    exporter.reset()
    return found?.attributes
  }

  it('has outcome and code, and no identity', async () => {
    const { app } = await start()
    expect(await attributesOf(() => injectSigned(app, '/users/1'))).toEqual(admitted)
    expect(await attributesOf(() => injectSigned(app, '/ops', { subject: 'CN=eve' }))).toEqual(forbidden)
    expect(await attributesOf(() => injectSigned(app, '/hook', { subject: 'CN=eve' }))).toEqual(forbidden)
    expect(await attributesOf(() => app.inject('/public'))).toEqual({})
  })

  it('has the identity with identity: true, as far as it is proven', async () => {
    const { app } = await start({ identity: true })
    expect(await attributesOf(() => injectSigned(app, '/users/1'))).toEqual({
      ...admitted,
      'tls.client.subject': 'CN=pay-1,OU=Ops,O=Acme',
      'tls.client.issuer': 'CN=Acme Issuing CA,O=Acme',
      'tls.client.hash.sha256': 'AB'.repeat(32),
      'tls.client.not_before': '2020-01-01T00:00:00.000Z',
      'tls.client.not_after': '2050-01-01T00:00:00.000Z',
    })
    expect(await attributesOf(() => app.inject('/users/1'))).toEqual(missing)
  })

  it('keeps a refusal, although the handler for unknown paths admits the request then', async () => {
    const { app, collect } = await start()
    app.setErrorHandler((_error, _request, reply) => void reply.callNotFound())
    app.setNotFoundHandler({ config: { clientCert: true } } as object, () => 'none')
    expect(await attributesOf(() => injectSigned(app, '/ops', { subject: 'CN=eve' }))).toEqual(forbidden)
    expect((await collect('countersign.decisions')).map(({ attributes }) => attributes['countersign.outcome'])).toEqual(
      ['refused', 'admitted'],
    )
  })

  it('is the one that the option span returns, and none with span: false', async () => {
    const spans: Span[] = []
    const { app } = await start({
      span: ({ url }) => {
        spans.push(tracer.startSpan(url))
        return spans.at(-1)
      },
    })
    expect(await attributesOf(() => injectSigned(app, '/users/1'))).toEqual({})
    spans[0]?.end()
    expect(exporter.getFinishedSpans()).toMatchObject([{ name: '/users/1', attributes: admitted }])
    exporter.reset()
    const off = await start({ span: false })
    expect(await attributesOf(() => injectSigned(off.app, '/users/1'))).toEqual({})
    expect(off.lines).toEqual([])
  })

  it('gets nothing if it is not recorded', async () => {
    const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 0 })
    const set = vi.spyOn(span, 'setAttributes')
    const { app } = await start({ span: () => span, identity: true })
    await injectSigned(app, '/users/1')
    expect(set).not.toHaveBeenCalled()
  })

  it('may be missing', async () => {
    const { app, lines } = await start({ span: () => undefined })
    expect((await injectSigned(app, '/users/1')).statusCode).toBe(200)
    expect(lines).toEqual([])
  })
})

describe('a failure of telemetry', () => {
  it.each([
    [new RangeError('no span'), 'RangeError: "no span"'],
    [new RangeError(), 'RangeError'],
  ])('is logged once, and refuses no request: %s', async (error, reason) => {
    const { app, lines } = await start({
      span: () => {
        throw error
      },
    })
    for (let time = 0; time < 2; time += 1) expect((await injectSigned(app, '/users/1')).statusCode).toBe(200)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, reason, msg: 'countersign: telemetry failed' },
    ])
    expect(lines).toHaveLength(1)
  })

  it('is logged if span returns a promise, whose rejection ends nothing', async () => {
    const { app, lines } = await start({ span: () => Promise.reject(new Error('no span')) as never })
    expect((await injectSigned(app, '/users/1')).statusCode).toBe(200)
    const reason = 'TypeError: "span returned a promise; return a span"'
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ reason, msg: 'countersign: telemetry failed' }])
  })

  it('is logged at the end of the server, which ends all the same', async () => {
    const { meterProvider } = startMetrics()
    const { app, lines } = await start({
      meterProvider: {
        getMeter(...given) {
          const removeBatchObservableCallback = () => {
            throw new RangeError('no callback')
          }
          return Object.assign(meterProvider.getMeter(...given), { removeBatchObservableCallback })
        },
      },
    })
    await app.ready()
    await app.close()
    const reason = 'RangeError: "no callback"'
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ reason, msg: 'countersign: telemetry failed' }])
  })
})

describe('countersignTelemetry', () => {
  const WITHOUT =
    'countersignTelemetry is registered without countersign; write `await app.register(countersign, …)` before it, in the same scope'

  it('tells Fastify its name, and the version that it needs', () => {
    expect(Reflect.get(countersignTelemetry, Symbol.for('plugin-meta'))).toEqual({
      name: '@countersign/origin-plugin/otel',
      fastify: '5.x',
    })
  })

  it('does not start without countersign, nor twice', async () => {
    const app = Fastify()
    await expect(app.register(countersignTelemetry)).rejects.toThrow(new TypeError(WITHOUT))
    const { app: twice } = await start()
    const again = async () => twice.register(async (scope) => void (await scope.register(countersignTelemetry)))
    await expect(again()).rejects.toThrow(
      new TypeError('countersignTelemetry is registered twice and would count each request twice; register it once'),
    )
  })
})
