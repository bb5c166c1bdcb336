import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { argv, getActiveResourcesInfo, memoryUsage } from 'node:process'
import countersign, { type AccessIdentity, clientCertOf } from '@countersign/origin-plugin'
import { countersignTelemetry } from '@countersign/origin-plugin/otel'
import Fastify from 'fastify'
import { ACCESS_KEYS_TIMING } from '../../../packages/origin-plugin/src/access-token/access-keys.ts'
import { startMetrics } from '../../../packages/origin-plugin/test/support/collect-metrics.ts'
import { CLIENTS } from '../../support/redis-stores.ts'
import { createLogCheck } from './check-log.ts'
import { countDecisions } from './count-decisions.ts'
import type { OriginOptions, Question } from './origin.ts'

/** The origin under load, in a process of its own so that the measurements are of the origin alone. Argument: {@link OriginOptions}. */
const options = JSON.parse(argv[2] ?? '') as OriginOptions
// With the real cool-down, a short run would end before the origin fetches a rotated key.
Object.assign(ACCESS_KEYS_TIMING, options.keysTiming)

const faults: string[] = []
process.on('unhandledRejection', (reason) => faults.push(`unhandled rejection: ${reason}`))
process.on('uncaughtException', (error) => faults.push(`uncaught exception: ${error.stack}`))
// Node warns of too many listeners on an emitter, which is a leak.
process.on('warning', ({ name, message }) => faults.push(`${name}: ${message}`))

// As in production: the cost of a refusal includes its log line.
const log = createLogCheck()
const metrics = startMetrics()
const app = Fastify({ logger: { level: 'info', stream: log.stream } })
const redis = await CLIENTS.ioredis(options.redisUrl)
await app.register(countersign, {
  // Much longer than the default: on a busy machine, a slow answer of Redis must not count as an outage.
  edge: {
    keys: { file: options.keysFile },
    refresh: options.fileRefresh,
    hosts: options.hosts,
    replay: redis.store,
    storeTimeout: 2_000,
  },
  access: { issuer: options.issuer, audience: options.audience, jwksUri: options.jwksUri },
  trustedIssuers: [
    { ca: options.clientCa, revocation: { crl: new URL(options.crlUrl), refresh: options.crlRefresh } },
    { ca: { file: options.casFile }, refresh: options.fileRefresh },
    { dn: 'CN=Acme Branch CA,O=Acme' },
  ],
  routes: [{ url: '/reported', mode: 'report' }],
  log: (clientCert, access) => ({ who: { subject: String(clientCert?.subject), login: access && loginOf(access) } }),
})
// Before the routes, so that the hook of the count applies to them.
await app.register(countersignTelemetry, { meterProvider: metrics.meterProvider })
const decisions = countDecisions(app, ['/healthz'], () => metrics.collect('countersign.decisions'))
log.watch(app, ['/healthz'])
app.get('/healthz', { config: { clientCert: false } }, ({ clientCert, access }) => ({ clientCert, access }))
app.all('/me', (request) => ({ subject: String(clientCertOf(request).subject) }))
app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, (request) => ({
  subject: String(clientCertOf(request).subject),
}))
app.get('/reported', ({ clientCert }) => ({ subject: clientCert && String(clientCert.subject) }))
await app.listen({ host: '127.0.0.1', port: 0 })

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

const ANSWERS: Record<Question, () => unknown> = {
  heap() {
    globalThis.gc?.()
    const { heapUsed, external } = memoryUsage()
    return heapUsed + external
  },
  cpu: () => process.cpuUsage(),
  delay: () => ({ p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }),
  faults: () => faults,
  health: () => app.countersignHealth(),
  decisions,
  log: log.findings,
  resources: () => getActiveResourcesInfo().sort(),
  connections: () => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count))),
  async close() {
    await app.close()
    redis.close()
    delay.disable()
    // After the answer, the process ends by itself unless something keeps it alive.
    setImmediate(() => process.disconnect?.())
  },
}
process.on('message', async ({ id, question }: { id: number; question: Question }) => {
  process.send?.({ id, answer: await ANSWERS[question]() })
})
process.send?.({ port: (app.server.address() as AddressInfo).port })

function loginOf(access: AccessIdentity): string {
  if (access.kind === 'user') return access.email
  return access.kind === 'service' ? access.clientId : access.commonName
}
