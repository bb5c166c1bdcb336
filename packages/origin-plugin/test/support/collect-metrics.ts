import type { Attributes } from '@opentelemetry/api'
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'

/** A measurement, as the SDK hands it to an exporter. */
export interface Measured {
  readonly unit: string
  readonly attributes: Attributes
  readonly value: number | Histogram
}

class TestReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A meter provider of the real SDK, and a function that reads the points of one metric from it. */
export function startMetrics() {
  const reader = new TestReader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const collectAll = async () => {
    const { resourceMetrics, errors } = await reader.collect()
    if (errors.length > 0) throw new AggregateError(errors)
    return resourceMetrics.scopeMetrics
  }
  const collect = async (name: string): Promise<Measured[]> => {
    const metric = (await collectAll())
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name)
    const points = (metric?.dataPoints ?? []) as DataPoint<number | Histogram>[]
    return points.map(({ attributes, value }) => ({ unit: metric?.descriptor.unit ?? '', attributes, value }))
  }
  return { meterProvider, collect, collectAll }
}
