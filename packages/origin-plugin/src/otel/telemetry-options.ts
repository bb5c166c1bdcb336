import type { Attributes, MeterProvider, Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { checkChoice, checkKnown, checkObject, optionNames } from '../lib/check-option.ts'
import { requireSynchronous } from '../lib/operator-function.ts'

/**
 * Options of {@link countersignTelemetry}.
 *
 * @example
 * ```ts
 * const telemetry: CountersignTelemetryOptions = { attributes: { 'service.namespace': 'payments' }, identity: true }
 * await app.register(countersignTelemetry, telemetry)
 * ```
 */
export interface CountersignTelemetryOptions {
  /**
   * The provider of the meter. Default: the global one at the time of the registration, so start the SDK before.
   */
  readonly meterProvider?: MeterProvider
  /**
   * Attributes of every measurement. Two servers of a process need different ones: their gauges would overwrite each
   * other.
   */
  readonly attributes?: Attributes
  /**
   * Returns the span of a request, for the attributes of the decision. Default: the active span. `false` sets no
   * attributes. A plugin that makes a span of each hook needs a function, because the active span is then that of our
   * hook.
   */
  readonly span?: false | ((request: FastifyRequest) => Span | undefined)
  /**
   * Whether the span has the identity of the client too: names and dates of its certificate, and the user of Access. It
   * is personal data. Default `false`. Metrics never have it.
   */
  readonly identity?: boolean
}

/** The options after their check, without the provider. */
export interface TelemetrySettings {
  readonly meterProvider: MeterProvider | undefined
  readonly attributes: Attributes
  readonly span: CountersignTelemetryOptions['span']
  readonly identity: boolean
}

const NAMES = optionNames<keyof CountersignTelemetryOptions>({
  meterProvider: true,
  attributes: true,
  span: true,
  identity: true,
})

/**
 * Checks the options.
 *
 * @throws TypeError whose message states the correction
 */
export function resolveTelemetryOptions(given: CountersignTelemetryOptions): TelemetrySettings {
  checkKnown(given, NAMES, 'countersignTelemetry')
  const { meterProvider, attributes = {}, span, identity = false } = given
  if (meterProvider !== undefined && typeof checkObject(meterProvider, 'meterProvider')['getMeter'] !== 'function') {
    throw new TypeError('meterProvider must have the function getMeter; pass a MeterProvider of OpenTelemetry')
  }
  if (span !== undefined && span !== false && typeof span !== 'function') {
    throw new TypeError('span must be false or a function; write span: (request) => request.opentelemetry().span')
  }
  if (typeof span === 'function') requireSynchronous(span, 'span', 'a span')
  checkChoice(identity, [true, false], 'identity')
  if (identity && span === false) {
    throw new TypeError('identity is for spans, and span is false; remove one of the two')
  }
  return { meterProvider, attributes: checkAttributes(attributes), span, identity }
}

/** An attribute of another type would be dropped silently, and one of ours would hide the decision. */
function checkAttributes(given: Attributes): Attributes {
  const attributes = checkObject(given, 'attributes')
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('countersign.') || name === 'http.route') {
      throw new TypeError(`attributes: "${name}" is an attribute of the plugin itself; write another name`)
    }
    if (!['string', 'boolean'].includes(typeof value) && !Number.isFinite(value)) {
      throw new TypeError(`attributes: "${name}" must be a text, a number or a boolean`)
    }
  }
  return { ...given }
}
