/**
 * Metrics and span attributes of OpenTelemetry, for each decision of the plugin and for its health.
 *
 * @module
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { metrics, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from '../events/messages.ts'
import { ignoreRejection } from '../lib/operator-function.ts'
import { describeError } from '../lib/quote-error.ts'
import { writeLine } from '../lib/write-line.ts'
import { decisionAttributes } from './decision-counter.ts'
import { identityAttributes } from './identity-attributes.ts'
import { createInstruments } from './instruments.ts'
import {
  type CountersignTelemetryOptions,
  resolveTelemetryOptions,
  type TelemetrySettings,
} from './telemetry-options.ts'

export type { CountersignTelemetryOptions } from './telemetry-options.ts'

type DecisionMessage = AdmittedMessage | RefusedMessage

/**
 * A Fastify plugin that measures the decisions and the health of `countersign`, and sets attributes on the spans of its
 * requests. Register it after `countersign`, in the same scope, and start the SDK before both.
 *
 * It decides nothing: a failure of the SDK is logged once, and refuses no request.
 *
 * @throws TypeError (from `register`) for a wrong option, without `countersign`, and for a second registration
 * @see {@link https://opentelemetry.io/docs/specs/semconv/ OpenTelemetry: semantic conventions}
 * @example
 * ```ts
 * import { countersign } from '@countersign/origin-plugin'
 * import { countersignTelemetry } from '@countersign/origin-plugin/otel'
 *
 * await app.register(countersign, options)
 * await app.register(countersignTelemetry)
 * ```
 */
export const countersignTelemetry: FastifyPluginCallback<CountersignTelemetryOptions> = fp<CountersignTelemetryOptions>(
  registerTelemetry,
  { name: '@countersign/origin-plugin/otel', fastify: '5.x' },
)

/** The registrations of `countersign` that are measured, by their function `countersignHealth`. */
const measured = new WeakSet<object>()

async function registerTelemetry(app: FastifyInstance, options: CountersignTelemetryOptions): Promise<void> {
  if (!app.hasDecorator('countersignHealth')) {
    throw new TypeError(
      'countersignTelemetry is registered without countersign; write `await app.register(countersign, …)` before it, in the same scope',
    )
  }
  const settings = resolveTelemetryOptions(options)
  const health = app.countersignHealth
  if (measured.has(health)) {
    throw new TypeError('countersignTelemetry is registered twice and would count each request twice; register it once')
  }
  const version = health().versions.origin
  const meter = (settings.meterProvider ?? metrics.getMeterProvider()).getMeter('@countersign/origin-plugin', version)
  const instruments = createInstruments(meter, health, settings.attributes)
  const setAttributes = createSpanWriter(settings)
  measured.add(health)

  let hasFailed = false
  function logOnce(error: unknown): void {
    if (hasFailed) return
    hasFailed = true
    writeLine(app.log, 'warn', 'countersign: telemetry failed', { reason: describeError(error) })
  }

  /** Node throws an exception of a subscriber as an uncaught one, which ends the process. */
  function listen<Message>(serverOf: (message: Message) => FastifyInstance, measure: (message: Message) => void) {
    return (message: unknown) => {
      try {
        // All servers of the process share the channels.
        if (serverOf(message as Message).countersignHealth === health) measure(message as Message)
      } catch (error) {
        logOnce(error)
      }
    }
  }
  const onDecision = listen<DecisionMessage>(
    ({ request }) => request.server,
    (message) => {
      instruments.count(message)
      setAttributes(message)
    },
  )
  const onEvent = listen<DegradedMessage>(({ server }) => server, instruments.countEvent)

  // Not when ready: parts can fail during the start.
  subscribe('countersign:admitted', onDecision)
  subscribe('countersign:refused', onDecision)
  subscribe('countersign:degraded', onEvent)
  app.addHook('onClose', async () => {
    unsubscribe('countersign:admitted', onDecision)
    unsubscribe('countersign:refused', onDecision)
    unsubscribe('countersign:degraded', onEvent)
    try {
      instruments.stop()
    } catch (error) {
      logOnce(error)
    }
  })
}

/** Makes the function that sets the attributes of a decision on the span of its request. */
function createSpanWriter({ span, identity }: TelemetrySettings): (message: DecisionMessage) => void {
  if (span === false) return () => {}
  const spanOf = span ?? (() => trace.getActiveSpan())
  const refused = new WeakSet<FastifyRequest>()
  return (message) => {
    const { request, clientCert, access } = message
    // The error handler of a refusal can call the handler for unknown paths, which may admit the request. The span keeps
    // the refusal.
    if ('code' in message) refused.add(request)
    else if (refused.has(request)) return
    const active = spanOf(request)
    if (ignoreRejection(active)) throw new TypeError('span returned a promise; return a span')
    if (!active?.isRecording()) return
    active.setAttributes(decisionAttributes(message))
    if (identity) active.setAttributes(identityAttributes(clientCert, access))
  }
}
