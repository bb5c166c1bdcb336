import { DiagLogLevel, diag } from '@opentelemetry/api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startMetrics } from '../../test/support/collect-metrics.ts'
import type { CountersignHealth, PartHealth } from '../countersign-health.ts'
import type { AdmittedMessage, DegradedMessage } from '../events/messages.ts'
import { createInstruments } from './instruments.ts'

const part = (name: string, changes: Partial<PartHealth> = {}): PartHealth => ({
  part: 'revocation list',
  state: 'ok',
  name,
  ...changes,
})

function healthOf(changes: Partial<CountersignHealth>): CountersignHealth {
  return {
    state: 'ok',
    mode: 'enforce',
    unenforcedRoutes: 0,
    parts: [],
    edgeKeys: [],
    versions: { origin: '1.0.0', worker: null },
    ...changes,
  } as CountersignHealth
}

describe('createInstruments', () => {
  it('shows a part that is gone in no state, although the SDK repeats its last values', async () => {
    const { meterProvider, collect } = startMetrics()
    let health = healthOf({ parts: [part('a', { state: 'failing', age: 5, remaining: -1 }), part('b')] })
    createInstruments(meterProvider.getMeter('test'), () => health, { shard: 1 })
    const states = async () =>
      (await collect('countersign.part.status'))
        .filter(({ value }) => value === 1)
        .map(({ attributes }) => [
          attributes['countersign.part.name'],
          attributes['countersign.part.state'],
          attributes['shard'],
        ])
    expect(await states()).toEqual([
      ['a', 'failing', 1],
      ['b', 'ok', 1],
    ])
    expect((await collect('countersign.part.remaining')).map(({ value }) => value)).toEqual([-1])
    health = healthOf({ parts: [part('b')] })
    expect(await states()).toEqual([['b', 'ok', 1]])
    health = healthOf({ parts: [part('a'), part('b')] })
    expect(await states()).toEqual([
      ['a', 'ok', 1],
      ['b', 'ok', 1],
    ])
  })

  it('has a unit and a description for each metric', async () => {
    const { meterProvider, collectAll } = startMetrics()
    const parts = [part('a', { age: 1, remaining: 2, used: 0.5 })]
    const edgeKeys = [{ keyid: 'key', lastUsed: new Date() }]
    const instruments = createInstruments(meterProvider.getMeter('test'), () => healthOf({ parts, edgeKeys }), {})
    instruments.count({ route: '/a', enforced: true, duration: 1 } as AdmittedMessage)
    instruments.countEvent({ part: 'edge keys', state: 'degraded' } as DegradedMessage)
    const found = (await collectAll()).flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor))
    expect(found.map(({ name, unit, description }) => [name, unit, description])).toEqual([
      ['countersign.decisions', '{decision}', 'Decisions on requests of routes that are not public.'],
      ['countersign.decision.duration', 's', 'Time from the hook of the plugin to its decision.'],
      ['countersign.part.events', '{event}', 'Failed attempts of parts outside of requests, and recoveries.'],
      ['countersign.part.status', '', '1 for the present state of a part, 0 for its other states.'],
      ['countersign.part.age', 's', 'Time since the data in use was made or fetched.'],
      ['countersign.part.remaining', 's', 'Time for which the data in use may still be used.'],
      ['countersign.part.utilization', '', 'Share of a memory that is in use, from 0 to 1.'],
      ['countersign.routes.unenforced', '{route}', 'Routes in report mode, which refuse no request.'],
      ['countersign.edge_key.idle', 's', 'Time since the last valid signature with a key of the Worker.'],
    ])
  })

  it('gives the counter each decision before a collection', async () => {
    const { meterProvider, collect } = startMetrics()
    const instruments = createInstruments(meterProvider.getMeter('test'), () => healthOf({}), {})
    for (const expected of [3, 6, 9]) {
      for (let time = 0; time < 3; time += 1) instruments.count({ route: '/a', enforced: true } as AdmittedMessage)
      expect((await collect('countersign.decisions')).map(({ value }) => value)).toEqual([expected])
    }
  })

  it('observes no value that a part does not have, of which the SDK would warn', async () => {
    const warnings: unknown[] = []
    const warn = (...given: unknown[]) => void warnings.push(given)
    const none = () => {}
    diag.setLogger({ error: warn, warn, info: none, debug: none, verbose: none }, DiagLogLevel.WARN)
    onTestFinished(() => diag.disable())
    const { meterProvider, collect } = startMetrics()
    createInstruments(meterProvider.getMeter('test'), () => healthOf({ parts: [part('a')] }), {})
    expect(await collect('countersign.part.status')).toHaveLength(3)
    expect(warnings).toEqual([])
  })

  it('shows the use of each key that was used, and never a time in the future', async () => {
    const { meterProvider, collect } = startMetrics()
    const edgeKeys = [
      { keyid: 'old', lastUsed: new Date(Date.now() - 90_000) },
      { keyid: 'next', lastUsed: new Date(Date.now() + 90_000) },
      { keyid: 'unused', lastUsed: null },
    ]
    createInstruments(meterProvider.getMeter('test'), () => healthOf({ edgeKeys }), {})
    const [old, next, ...others] = await collect('countersign.edge_key.idle')
    expect([old?.attributes, next?.attributes, others]).toEqual([
      { 'countersign.edge_key.id': 'old' },
      { 'countersign.edge_key.id': 'next' },
      [],
    ])
    expect(Math.round((old?.value as number) / 10)).toBe(9)
    expect(next?.value).toBe(0)
  })
})
