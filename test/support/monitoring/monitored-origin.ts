import { createDevEdge, type DevEdge } from '@countersign/dev-edge'
import { startMetrics } from '@countersign/example-monitoring'
import countersign from '@countersign/origin-plugin'
import { countersignTelemetry } from '@countersign/origin-plugin/otel'
import { freePort, onFreePort } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest } from '@countersign/test-support/wire-request'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Scrape, scrape } from './prometheus-text.ts'

/** An origin behind a local edge, whose exporter is scraped. */
export interface MonitoredOrigin {
  readonly edge: DevEdge
  readonly app: FastifyInstance
  /** The URL of the exporter. */
  readonly url: string
  /** Sends requests of each kind, and one around the edge. Returns their statuses. */
  traffic(): Promise<number[]>
  scrape(): Promise<Scrape>
  /** Makes the source of the revocation list fail, or answer again, and waits until the health shows it. */
  setListAvailable(isAvailable: boolean): Promise<void>
  close(): Promise<void>
}

/** Starts an origin with a route in report mode, keys of Access, a revocation list and a replay memory. */
export async function startMonitoredOrigin(): Promise<MonitoredOrigin> {
  const metrics = await onFreePort((port) => startMetrics({ port }))
  const port = await freePort()
  const edge = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
  const app = Fastify()
  let isAvailable = true
  const crl = async () => {
    if (!isAvailable) throw new Error('503')
    return edge.clientCrl()
  }
  await app.register(countersign, {
    edge: { keys: edge.keys, hosts: edge.hosts },
    access: edge.access,
    trustedIssuers: [{ ca: edge.clientCa, revocation: { crl, refresh: 1 } }],
    policies: { ops: { subject: { OU: 'Ops' } } },
    routes: [{ url: '/old/*', mode: 'report' }],
  })
  await app.register(countersignTelemetry)
  app.get('/me', () => 'me')
  app.get('/admin/:id', { config: { clientCert: 'ops' } }, () => 'admin')
  app.get('/old/report', () => 'old')
  await app.listen({ host: '127.0.0.1', port })

  async function traffic(): Promise<number[]> {
    const { alice, bob, expired } = edge.clients
    const statuses: number[] = []
    for (const client of [alice, alice, bob, expired, undefined]) {
      for (const path of ['/me', '/admin/7', '/old/report', '/nowhere']) {
        statuses.push((await edge.fetch(path, { client })).status)
      }
    }
    const around = { method: 'GET', target: '/me', headers: ['Host', edge.hosts[0] as string] }
    statuses.push((await sendRaw(port, formatRequest(around))).status)
    return statuses
  }

  return {
    edge,
    app,
    url: metrics.url,
    traffic,
    scrape: () => scrape(metrics.url),
    async setListAvailable(available) {
      isAvailable = available
      const expected = available ? 'ok' : 'degraded'
      while (app.countersignHealth().state !== expected) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    async close() {
      await edge.close()
      await app.close()
      await metrics.close()
    },
  }
}
