import { channel } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import { countersignTelemetry } from '@countersign/origin-plugin/otel'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import Fastify, { type FastifyInstance } from 'fastify'

import pino from 'pino'
import type { Sample } from '../lib/sample.ts'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Comparison } from './compare.ts'
import { THIS_CHECKOUT } from './compare.ts'
import type { Contender, Plugin } from './contender.ts'

const BASE = 'Countersign, with a logger'
const EVENTS = 'Countersign, watched'
const TELEMETRY = 'Countersign, watched by OpenTelemetry'

/**
 * The plugin with everything on that an operator watches, beside the plugin alone. Each of them has Fastify's log of
 * requests, with two lines for each, because `log` adds the client to them.
 */
export const WATCHED: Readonly<Record<string, Contender>> = {
  [BASE]: {
    checks: 'HMAC signature, token, certificate, guard, replay in memory',
    load: 'hmac',
    build: (sample, plugin) => start(sample, plugin, { keys: sample.keys, trustedIssuers: [sample.clientCa] }),
  },
  [EVENTS]: {
    checks: 'the same, with log, reload, health, and a subscriber of each channel',
    load: 'hmac',
    build: async (sample, plugin) => {
      const app = await start(sample, plugin, reloaded(sample))
      const counts = new Map<string, number>()
      for (const name of ['admitted', 'refused', 'degraded']) {
        channel(`countersign:${name}`).subscribe(() => counts.set(name, (counts.get(name) ?? 0) + 1))
      }
      setInterval(() => app.countersignHealth(), 1_000)
      return app
    },
  },
  [TELEMETRY]: {
    checks: 'the same, with OpenTelemetry as the subscriber',
    load: 'hmac',
    build: (sample, plugin) => start(sample, plugin, reloaded(sample), createProvider()),
  },
}

/** The rows of `pnpm bench --watched`. */
export const WATCHED_COMPARISON: Comparison = {
  entrants: Object.keys(WATCHED).map((name) => ({ row: name, name, checkout: THIS_CHECKOUT })),
  pairs: [EVENTS, TELEMETRY].map((row) => ({ row, base: BASE })),
  title: 'watched / not watched',
}

async function start(
  sample: Sample,
  plugin: Plugin,
  options: { readonly keys: unknown; readonly trustedIssuers: unknown; readonly log?: true },
  meterProvider?: MeterProvider,
): Promise<FastifyInstance> {
  const { keys, ...others } = options
  const app = Fastify({ loggerInstance: pino(pino.destination({ dest: '/dev/null', sync: false })) })
  const all = { edge: { keys, hosts: [AUTHORITY] }, access: sample.access, ...others }
  await app.register(plugin, all as CountersignPluginOptions)
  if (meterProvider) await app.register(countersignTelemetry, { meterProvider, span: false })
  app.get('/', { config: { clientCert: { subject: { CN: 'alice', O: 'Acme' } } } }, () => ({ ok: true }))
  return app as unknown as FastifyInstance
}

/** Keys from a function and the CA from a file, read again each second, and the identity in the request's log. */
function reloaded({ keys, clientCa }: Sample) {
  const file = join(tmpdir(), `countersign-bench-${process.pid}.pem`)
  writeFileSync(file, clientCa)
  return { keys: () => keys, trustedIssuers: [{ ca: { file }, refresh: 1 }], log: true } as const
}

/** Collects each second, as a scrape would, and sends the result nowhere. */
function createProvider(): MeterProvider {
  const exporter = {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000, exportTimeoutMillis: 500 })
  return new MeterProvider({ readers: [reader] })
}
