import { describe, expect, it } from 'vitest'
import { startMetrics } from '../../test/support/collect-metrics.ts'
import type { CountersignHealth, PartHealth } from '../countersign-health.ts'
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
