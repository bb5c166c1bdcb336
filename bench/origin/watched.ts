import { channel } from 'node:diagnostics_channel'
import { rmSync, writeFileSync } from 'node:fs'
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
import { entrantOf } from './compare.ts'
import type { Contender, Plugin } from './contender.ts'

const BASE = 'Countersign, with a logger'
const EVENTS = 'Countersign, watched'
const TELEMETRY = 'Countersign, watched by OpenTelemetry'

/** A thing that an operator turns on to watch the plugin. */
export type Watcher = 'log' | 'reload' | 'health' | 'subscriber' | 'telemetry'

/**
 * The plugin with everything on that an operator watches, beside the plugin alone. Each of them has Fastify's log of
 * requests, with two lines for each, because `log` adds the client to them.
 */
export const WATCHED: Readonly<Record<string, Contender>> = {
  [BASE]: contender('HMAC signature, token, certificate, guard, replay in memory', []),
  [EVENTS]: contender('the same, with log, reload, health, and a subscriber of each channel', [
    'log',
    'reload',
    'health',
    'subscriber',
  ]),
  [TELEMETRY]: contender('the same, with OpenTelemetry as the subscriber', ['log', 'reload', 'health', 'telemetry']),
}

/**
 * Writes each line at once, as Fastify's own logger does.
 *
 * Without `sync`, pino writes 16 KB in a turn of the event loop. This load makes more lines than that, so they would
 * pile up in memory, and the run would measure the garbage collector: the longer the lines, the sooner.
 */
const DESTINATION = { dest: '/dev/null', sync: true }

/** The rows of `pnpm bench --watched`. */
export const WATCHED_COMPARISON: Comparison = {
  pairs: [EVENTS, TELEMETRY].map((row) => ({ own: entrantOf(row), base: entrantOf(BASE) })),
  title: 'watched / not watched',
}

function contender(checks: string, watchers: readonly Watcher[]): Contender {
  return { checks, load: 'hmac', build: (sample, plugin) => startWatched(sample, plugin, watchers) }
}

/** Builds the origin of all these rows, with some of the watchers. */
export async function startWatched(
  sample: Sample,
  plugin: Plugin,
  watchers: readonly Watcher[],
): Promise<FastifyInstance> {
  const has = (watcher: Watcher) => watchers.includes(watcher)
  const app = Fastify({ loggerInstance: pino(pino.destination(DESTINATION)) })
  const { keys, trustedIssuers } = has('reload') ? reloaded(sample) : fixed(sample)
  const options = { edge: { keys, hosts: [AUTHORITY] }, access: sample.access, trustedIssuers, log: has('log') }
  await app.register(plugin, options as CountersignPluginOptions)
  if (has('telemetry')) {
    await app.register(countersignTelemetry, { meterProvider: createProvider(), span: false })
  }
  app.get('/', { config: { clientCert: { subject: { CN: 'alice', O: 'Acme' } } } }, () => ({ ok: true }))
  if (has('subscriber')) countMessages()
  if (has('health')) setInterval(() => app.countersignHealth(), 1_000)
  return app as unknown as FastifyInstance
}

const fixed = ({ keys, clientCa }: Sample) => ({ keys, trustedIssuers: [clientCa] })

/** Keys from a function and the CA from a file, read again each second. */
function reloaded({ keys, clientCa }: Sample) {
  const file = join(tmpdir(), `countersign-bench-${process.pid}.pem`)
  writeFileSync(file, clientCa)
  process.once('exit', () => rmSync(file))
  return { keys: () => keys, trustedIssuers: [{ ca: { file }, refresh: 1 }] }
}

function countMessages(): void {
  const counts = new Map<string, number>()
  for (const name of ['admitted', 'refused', 'degraded']) {
    channel(`countersign:${name}`).subscribe(() => counts.set(name, (counts.get(name) ?? 0) + 1))
  }
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
