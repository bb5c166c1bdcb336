import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { EDGE_KEY } from '../../test/support/inject-signed.ts'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import { refusalAt } from '../errors.ts'
import { countersign } from '../plugin.ts'
import { BOUND } from './client-log.ts'
import { dropsWarnings, logDistrust, logRefusal } from './refusal-log.ts'

async function build(options: FastifyServerOptions, plugin = countersign): Promise<FastifyInstance> {
  const app = Fastify(options) as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(plugin, { edge: { keys: EDGE_KEY.jwk, hosts: null }, access: null, trustedIssuers: null })
  return app
}

describe('a logged refusal', () => {
  it.each([
    ['8f0b1c2d3e4f5a6b-FRA', '8f0b1c2d3e4f5a6b-FRA'],
    ['a'.repeat(40), 'a'.repeat(40)],
    ['a'.repeat(41), undefined],
    ['', undefined],
    ['8f0b "x"', undefined],
    [undefined, undefined],
  ])('has of the CF-Ray %j the field %j', async (ray, cfRay) => {
    const lines: Record<string, unknown>[] = []
    const app = await build({ logger: { level: 'warn', stream: lineStream((line) => lines.push(JSON.parse(line))) } })
    await app.inject({ url: '/', headers: ray === undefined ? {} : { 'cf-ray': ray } })
    const { level, code, statusCode, reason, msg, ...others } = lines[0] ?? {}
    expect({ level, code, statusCode, reason, msg }).toEqual({
      level: 40,
      code: 'CSN_SIGNATURE_MISSING',
      statusCode: 401,
      reason: 'Signature-Input is missing',
      msg: 'countersign: request refused',
    })
    expect(others.cfRay).toBe(cfRay)
    expect(Object.hasOwn(others, 'cfRay')).toBe(cfRay !== undefined)
  })
})

describe('logRefusal and logDistrust', () => {
  const refusal = refusalAt('guard')('CSN_CERT_FORBIDDEN', 'no "ops"')
  const fields = { code: 'CSN_CERT_FORBIDDEN', reason: 'no "ops"' }
  const cert = makeClientCert()
  const client = { fingerprint256: cert.fingerprint256, serialNumber: cert.serialNumber }

  /** A request whose logger keeps the fields and the messages of its warnings. */
  function requestWith(headers: object, bound?: object) {
    const lines: unknown[] = []
    const log = { warn: (...line: unknown[]) => void lines.push(line) }
    return { lines, request: { log, raw: { headers }, [BOUND]: bound } as never as FastifyRequest }
  }

  it('has exactly these fields, and says if nothing enforces the refusal', () => {
    const { lines, request } = requestWith({ 'cf-ray': '8f0b-FRA' })
    logRefusal(request, refusal, true, null)
    logRefusal(request, refusal, false, cert)
    logDistrust(request, refusal, true, cert)
    logDistrust(request, refusal, false, cert)
    const refused = { statusCode: 403, ...fields, cfRay: '8f0b-FRA' }
    expect(lines).toStrictEqual([
      [refused, 'countersign: request refused'],
      [{ ...refused, enforced: false, client }, 'countersign: request would be refused'],
      [{ ...fields, client }, 'countersign: client no longer trusted'],
      [{ ...fields, enforced: false, client }, 'countersign: client no longer trusted'],
    ])
  })

  it.each([[{}], [{ 'cf-ray': ['8f0b-FRA'] }], [{ 'cf-ray': ' 8f0b-FRA' }], [{ 'cf-ray': '8f0b-FRA\n' }]])(
    'has no field for the headers %j',
    (headers) => {
      const { lines, request } = requestWith(headers)
      logRefusal(request, refusal, true, null)
      expect(lines).toStrictEqual([[{ statusCode: 403, ...fields }, 'countersign: request refused']])
    },
  )

  it('repeats a client only if the log of the request has another field', () => {
    for (const [bound, expected] of [
      [{ client: 'pay-1' }, {}],
      [{ name: 'pay-1' }, { client }],
    ]) {
      const { lines, request } = requestWith({}, bound)
      logRefusal(request, refusal, true, cert)
      expect(lines).toStrictEqual([[{ statusCode: 403, ...fields, ...expected }, 'countersign: request refused']])
    }
  })
})

describe('dropsWarnings', () => {
  const own = {
    ...Object.fromEntries(['fatal', 'error', 'warn', 'info', 'debug', 'trace'].map((level) => [level, console.log])),
    child: () => own,
  } as never
  it.each<[string, string, boolean]>([
    ['an empty body', '() => {}', true],
    ['spaces alone', 'function warn() {  \n}', true],
    ['an empty object in its body', '(fields) => { kept = {}; write(fields) }', false],
    ['a call', '(fields) => { write(fields) }', false],
  ])('of a function with %s is %3$s', (_what, text, expected) => {
    const warn = Object.assign(() => {}, { toString: () => text })
    expect(dropsWarnings({ level: 'warn', warn } as never)).toBe(expected)
    expect(dropsWarnings({ level: 'silent', warn } as never)).toBe(false)
  })

  it.each<[string, FastifyServerOptions, boolean]>([
    ['no logger, the default', {}, true],
    ['logger: false', { logger: false }, true],
    ['a level above warn', { logger: { level: 'error' } }, true],
    ['level warn', { logger: { level: 'warn' } }, false],
    ['logger: true', { logger: true }, false],
    ['level silent, which is a choice', { logger: { level: 'silent' } }, false],
    ['a logger of its own', { loggerInstance: own }, false],
  ])('of %s is %3$s', (_what, options, expected) => {
    expect(dropsWarnings(Fastify(options).log)).toBe(expected)
  })
})

describe('a server whose reasons are lost', () => {
  const warnings: (Error & { code?: string })[] = []
  const keep = (warning: Error) => warnings.push(warning)

  /** Node emits a warning in the next tick. */
  async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
    warnings.length = 0
    process.on('warning', keep)
    await run()
    await vi.waitFor(() => new Promise((resolve) => setImmediate(resolve)))
    process.off('warning', keep)
    return warnings.filter(({ name }) => name === 'CountersignWarning').map(({ message }) => message)
  }

  it('warns once in a process, when it listens', async () => {
    // Another file of this process may have been warned, and the module remembers it.
    vi.resetModules()
    const { countersign: fresh } = await import('../plugin.ts')
    const listen = async (options: FastifyServerOptions) =>
      (await build(options, fresh)).listen({ host: '127.0.0.1', port: 0 })
    expect(await warningsOf(() => listen({ logger: { level: 'silent' } }))).toEqual([])
    expect(await warningsOf(async () => (await build({}, fresh)).inject('/'))).toEqual([])
    subscribe('countersign:refused', keep as never)
    expect(await warningsOf(() => listen({}))).toEqual([])
    unsubscribe('countersign:refused', keep as never)

    expect(await warningsOf(() => listen({}))).toEqual([
      'the logger of Fastify drops warnings, so the reasons of refused requests are lost; pass logger: { level: "warn" } to Fastify, or subscribe to the diagnostics channel countersign:refused',
    ])
    expect(warnings[0]?.code).toBe('CSN_REASONS_LOST')
    expect(await warningsOf(() => listen({}))).toEqual([])
  })
})
