import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { optional } from './guards/requirement.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

type Line = Record<string, unknown>

const FINGERPRINT = Array(32).fill('AB').join(':')
const BRIEF = { fingerprint256: FINGERPRINT, serialNumber: '0A1B' }
const CLIENT = { ...BRIEF, subject: 'CN=pay-1,OU=Ops,O=Acme', issuer: 'CN=Acme Issuing CA,O=Acme' }

/** An application that logs a line in each handler, with the option `log`. */
async function start(changes: Partial<CountersignPluginOptions> = {}, server: FastifyServerOptions = {}) {
  const lines: Line[] = []
  const stream = lineStream((line) => lines.push(JSON.parse(line)))
  const app = Fastify({ ...('loggerInstance' in server ? {} : { logger: { stream } }), ...server }) as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, {
    ...SIGNED_ONLY,
    policies: { ops: { subject: { OU: 'Ops' } } },
    log: true,
    ...changes,
  })
  for (const [url, config] of Object.entries({
    '/me': {},
    '/ops': { clientCert: 'ops' },
    '/public': { clientCert: false as const },
    '/optional': { clientCert: optional() },
  })) {
    app.get(url, { config }, async (request) => request.log.info('handler'))
  }
  app.get('/hook', { preHandler: app.requireClientCert('ops') }, async () => 'in')
  /** The lines since the last call, as message and client. */
  const take = () => lines.splice(0).map(({ msg, client }) => [msg, client])
  return { app, lines, take }
}

describe('the option log', () => {
  it('binds an admitted client to the lines of handler and server that follow', async () => {
    const { app, take } = await start()
    await injectSigned(app, '/me')
    expect(take()).toEqual([
      ['incoming request', undefined],
      ['handler', CLIENT],
      ['request completed', CLIENT],
    ])
  })

  it('binds nothing on a public route, nor by default', async () => {
    const { app, take } = await start()
    await injectSigned(app, '/public')
    const off = await start({ log: false })
    await injectSigned(off.app, '/me')
    const none = [
      ['incoming request', undefined],
      ['handler', undefined],
      ['request completed', undefined],
    ]
    expect([take(), off.take()]).toEqual([none, none])
  })

  it('binds nothing before everything is proven: the line of a refusal has fingerprint and serial number alone', async () => {
    const { app, take } = await start()
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    await injectSigned(app, '/me', { notAfter: 'Jan  2 00:00:00 2020 GMT' })
    await app.inject('/me')
    expect(take().filter(([msg]) => msg !== 'incoming request')).toEqual([
      ['countersign: request refused', BRIEF],
      ['The client certificate does not give access to this route', undefined],
      ['request completed', undefined],
      ['countersign: request refused', BRIEF],
      ['The client certificate is outside its validity period', undefined],
      ['request completed', undefined],
      ['countersign: request refused', undefined],
      ['The request is not signed by the edge', undefined],
      ['request completed', undefined],
    ])
  })

  it('names a replayed client in the line of the refusal, and binds nothing', async () => {
    const { app, take } = await start()
    const { raw } = await injectSigned(app, '/me')
    take()
    await app.inject({ url: '/me', headers: raw.req.headers })
    expect(take()).toEqual([
      ['incoming request', undefined],
      ['countersign: request refused', BRIEF],
      ['The edge signature was used before', undefined],
      ['request completed', undefined],
    ])
  })

  it('has the client once in the line of a hook that refuses later', async () => {
    const lines: string[] = []
    const { app } = await start({}, { logger: { stream: lineStream((line) => lines.push(line)) } })
    await injectSigned(app, '/hook', { subject: 'CN=eve' })
    const refusal = lines.find((line) => line.includes('request refused'))
    expect(refusal?.match(/"client":/g)).toHaveLength(1)
    expect(JSON.parse(refusal ?? '').client).toEqual({ ...CLIENT, subject: 'CN=eve' })
  })

  it('binds in report mode as far as it is proven', async () => {
    const { app, take } = await start({ mode: 'report' })
    take()
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    await injectSigned(app, '/me', { notAfter: 'Jan  2 00:00:00 2020 GMT' })
    await app.inject('/me')
    expect(take().filter(([msg]) => msg !== 'incoming request')).toEqual([
      ['countersign: request would be refused', BRIEF],
      ['handler', { ...CLIENT, subject: 'CN=mallory' }],
      ['request completed', { ...CLIENT, subject: 'CN=mallory' }],
      ['countersign: request would be refused', BRIEF],
      ['handler', undefined],
      ['request completed', undefined],
      ['countersign: request would be refused', undefined],
      ['handler', undefined],
      ['request completed', undefined],
    ])
  })

  it('does not refuse if the function throws', async () => {
    const { app, lines } = await start({
      log: () => {
        throw new Error('no database')
      },
    })
    expect((await injectSigned(app, '/me')).statusCode).toBe(200)
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([{ reason: 'log threw Error: "no database"' }])
    expect(lines.at(-1)).toMatchObject({ client: CLIENT, msg: 'request completed' })
  })

  it.each([true, false])('works with a serializer for another client, and log: %s', async (log) => {
    const lines: Line[] = []
    const stream = lineStream((line) => lines.push(JSON.parse(line)))
    const serializers = { client: (client: { socket: { id: string } }) => client.socket.id }
    const { app } = await start({ log }, { logger: { stream, serializers } })
    expect((await injectSigned(app, '/me')).statusCode).toBe(200)
    expect((await injectSigned(app, '/ops', { subject: 'CN=mallory' })).statusCode).toBe(403)
    const warnings = lines.filter(({ level }) => level === 40).map(({ msg, code, reason }) => [msg, code ?? reason])
    expect(warnings).toEqual([
      ...(log
        ? [
            [
              'countersign: the option log failed',
              'log threw TypeError: "Cannot read properties of undefined (reading \'id\')"',
            ],
          ]
        : []),
      ['countersign: request refused', 'CSN_CERT_FORBIDDEN'],
    ])
  })

  it('works with loggerInstance, a factory of child loggers, and another label of the request', async () => {
    const lines: Line[] = []
    const loggerInstance = pino(
      { base: { app: 'shop' } },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    const { app } = await start({}, {
      loggerInstance,
      logController: new LogController({ requestIdLogLabel: 'id' }),
      childLoggerFactory: (logger, bindings, options) => logger.child({ ...bindings, made: true }, options),
    } as FastifyServerOptions)
    await injectSigned(app, '/me')
    expect(lines.at(-1)).toMatchObject({ app: 'shop', made: true, client: CLIENT, msg: 'request completed' })
    expect(lines.at(-1)).toHaveProperty('id')
  })

  it('works without a logger', async () => {
    const { app } = await start({}, { logger: false })
    expect((await injectSigned(app, '/me')).statusCode).toBe(200)
    expect((await injectSigned(app, '/ops', { subject: 'CN=mallory' })).statusCode).toBe(403)
  })
})
