import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import type { AdmittedMessage, RefusedMessage } from '../events/messages.ts'
import { createDecisionCounter } from './decision-counter.ts'

const admitted = (route: string | undefined, enforced = true) => ({ route, enforced }) as AdmittedMessage
const refused = (code: string, step: string, route: string | undefined, enforced = true) =>
  ({ route, enforced, code, step }) as never as RefusedMessage

const OF_ADMITTED = { shard: 1, 'countersign.outcome': 'admitted', 'countersign.enforced': true }

/** A counter that keeps the calls of `add`. */
function start() {
  const added: [number, object][] = []
  const counter = createDecisionCounter({ add: (n, attributes = {}) => void added.push([n, attributes]) }, { shard: 1 })
  return { counter, added }
}

describe('createDecisionCounter', () => {
  it('adds each decision until the first collection, and then one of each kind and the number of the others', () => {
    const { counter, added } = start()
    const take = () => added.splice(0).map(([n]) => n)
    for (let time = 0; time < 3; time += 1) counter.count(admitted('/a'))
    expect(take()).toEqual([1, 1, 1])
    counter.flush()
    expect(take()).toEqual([])
    for (let collection = 0; collection < 2; collection += 1) {
      for (let time = 0; time < 5; time += 1) counter.count(admitted('/a'))
      counter.count(admitted('/b'))
      expect(added.splice(0)).toEqual([
        [1, { ...OF_ADMITTED, 'http.route': '/a' }],
        [1, { ...OF_ADMITTED, 'http.route': '/b' }],
      ])
      counter.flush()
      expect(added.splice(0)).toEqual([[4, { ...OF_ADMITTED, 'http.route': '/a' }]])
      counter.flush()
      expect(take()).toEqual([])
    }
  })

  it('tells outcome, code, step, mode and route apart, and returns the attributes without the route', () => {
    const { counter, added } = start()
    const messages = [
      admitted('/a'),
      admitted('/a', false),
      admitted(undefined),
      refused('C', 'S', '/a'),
      refused('C', 'S', '/a', false),
      refused('D', 'S', '/a'),
      refused('C', 'T', '/a'),
      refused('C', 'S', undefined),
    ]
    counter.flush()
    const returned = messages.map((message) => counter.count(message))
    for (const message of messages) counter.count(message)
    const each = [
      OF_ADMITTED,
      { ...OF_ADMITTED, 'countersign.enforced': false },
      OF_ADMITTED,
      ...[
        ['C', 'S', true],
        ['C', 'S', false],
        ['D', 'S', true],
        ['C', 'T', true],
        ['C', 'S', true],
      ].map(([code, step, enforced]) => ({
        shard: 1,
        'countersign.outcome': 'refused',
        'countersign.code': code,
        'countersign.step': step,
        'countersign.enforced': enforced,
      })),
    ]
    expect(returned).toEqual(each)
    const withRoutes = messages.map(({ route }, at) => [
      1,
      { ...each[at], ...(route !== undefined && { 'http.route': route }) },
    ])
    expect(added.splice(0)).toStrictEqual(withRoutes)
    counter.flush()
    expect(added).toHaveLength(withRoutes.length)
    expect(added).toEqual(expect.arrayContaining(withRoutes))
    expect(counter.count(messages[0] as AdmittedMessage)).toBe(returned[0])
    expect(returned.every((attributes) => Object.isFrozen(attributes))).toBe(true)
  })

  it('makes the measurements of the plain form for readers of both temporalities', async () => {
    class Reader extends MetricReader {
      readonly temporality: AggregationTemporality
      constructor(temporality: AggregationTemporality) {
        super({ aggregationTemporalitySelector: () => temporality })
        this.temporality = temporality
      }
      protected override async onForceFlush(): Promise<void> {}
      protected override async onShutdown(): Promise<void> {}
      async points() {
        const { resourceMetrics } = await this.collect()
        return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
          metrics.map((metric) => ({
            name: metric.descriptor.name,
            type: metric.dataPointType,
            isMonotonic: 'isMonotonic' in metric && metric.isMonotonic,
            isDelta: metric.aggregationTemporality === this.temporality,
            points: metric.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
          })),
        )
      }
    }
    const start = (isPlain: boolean) => {
      const readers = [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE].map((each) => new Reader(each))
      const meter = new MeterProvider({ readers }).getMeter('test')
      const sum = meter.createCounter('sum')
      const counter = createDecisionCounter(sum, {})
      const gauge = meter.createObservableGauge('gauge')
      meter.addBatchObservableCallback(counter.flush, [gauge])
      const plain = (message: AdmittedMessage) => {
        const outcome = { 'countersign.outcome': 'admitted', 'countersign.enforced': true }
        sum.add(1, { ...outcome, 'http.route': message.route })
      }
      return { readers, count: isPlain ? plain : (message: AdmittedMessage) => void counter.count(message) }
    }
    const [ours, plain] = [start(false), start(true)]
    const values: [delta: number[][], cumulative: number[][]] = [[], []]
    for (const routes of [['/a', '/a'], ['/a', '/b', '/a', '/b', '/b'], [], ['/b']]) {
      for (const { count } of [ours, plain]) for (const route of routes) count(admitted(route))
      for (const [at, reader] of ours.readers.entries()) {
        const [own, expected] = [await reader.points(), await plain.readers[at]?.points()]
        expect(own).toEqual(expected)
        expect(own.map(({ isMonotonic, isDelta }) => [isMonotonic, isDelta])).toEqual(own.map(() => [true, true]))
        values[at]?.push(own.flatMap(({ points }) => points.map(({ value }) => value as number)))
      }
    }
    expect(values).toEqual([
      [[2], [2, 3], [], [1]],
      [[2], [4, 3], [4, 3], [4, 4]],
    ])
  })
})
