import { describe, expect, it } from 'vitest'
import { startMetrics } from '../../test/support/collect-metrics.ts'
import { type CountersignTelemetryOptions, resolveTelemetryOptions } from './telemetry-options.ts'

const resolve = (given: object) => () => resolveTelemetryOptions(given as CountersignTelemetryOptions)

describe('resolveTelemetryOptions', () => {
  it('sets no identity by default, and takes the active span of the request', () => {
    expect(resolve({})()).toEqual({ meterProvider: undefined, attributes: {}, span: undefined, identity: false })
  })

  it('returns what it is given, with a copy of the attributes', () => {
    const { meterProvider } = startMetrics()
    const attributes = { shard: 0, zone: 'a', canary: false }
    const span = () => undefined
    const settings = resolve({ meterProvider, attributes, span, identity: true })()
    expect(settings).toEqual({ meterProvider, attributes, span, identity: true })
    expect(settings.attributes).not.toBe(attributes)
    expect(resolve({ span: false, identity: false })()).toMatchObject({ span: false })
  })

  it.each<[object, string]>([
    [
      { meter: 1 },
      'countersignTelemetry: unknown option "meter"; known options are meterProvider, attributes, span, identity',
    ],
    [{ identity: undefined }, 'countersignTelemetry: option "identity" is undefined; set a value or remove it'],
    [{ meterProvider: 'otlp' }, 'meterProvider must be an object'],
    [{ meterProvider: {} }, 'meterProvider must have the function getMeter; pass a MeterProvider of OpenTelemetry'],
    [{ span: true }, 'span must be false or a function; write span: (request) => request.opentelemetry().span'],
    [{ span: async () => undefined }, 'span must be synchronous; return a span, not a promise'],
    [{ identity: 'yes' }, 'identity must be true or false'],
    [{ span: false, identity: true }, 'identity is for spans, and span is false; remove one of the two'],
    [{ attributes: ['a'] }, 'attributes must be an object'],
    [
      { attributes: { 'countersign.code': 'x' } },
      'attributes: "countersign.code" is an attribute of the plugin itself; write another name',
    ],
    [
      { attributes: { 'http.route': 'x' } },
      'attributes: "http.route" is an attribute of the plugin itself; write another name',
    ],
    [{ attributes: { a: undefined } }, 'attributes: "a" must be a text, a number or a boolean'],
    [{ attributes: { a: Number.NaN } }, 'attributes: "a" must be a text, a number or a boolean'],
  ])('refuses %j', (given, message) => {
    expect(resolve(given)).toThrow(new TypeError(message))
  })
})
