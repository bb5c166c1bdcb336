import { metrics } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'

/** The metrics of a process, on a port of their own. */
export interface MetricsServer {
  /** The URL that Prometheus scrapes. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts the SDK of OpenTelemetry with an exporter that Prometheus scrapes, and makes it the global one. Call it before
 * the registration of `countersignTelemetry`.
 *
 * The port is not that of the origin: routes of the application would be those of clients.
 */
export async function startMetrics({ host = '127.0.0.1', port = 9464 } = {}): Promise<MetricsServer> {
  const exporter = new PrometheusExporter({ host, port, preventServerStart: true })
  const provider = new MeterProvider({ readers: [exporter] })
  await exporter.startServer()
  metrics.setGlobalMeterProvider(provider)
  return {
    url: `http://${host}:${port}/metrics`,
    async close() {
      metrics.disable()
      await provider.shutdown()
    },
  }
}
