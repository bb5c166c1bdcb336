import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import countersign, {
  type CountersignPluginOptions,
  optional,
  type RefusedMessage,
  type RouteRequirement,
} from '@countersign/origin-plugin'
import { lineStream } from '@countersign/test-support/line-stream'
import auth, { type FastifyAuthFunction } from '@fastify/auth'
import basicAuth from '@fastify/basic-auth'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { OPS, SALES, type SetupRequest, startSetup } from '../support/setup.ts'

const PASSWORD = { authorization: `Basic ${btoa('jane:secret')}` }

type Login = (app: FastifyInstance) => FastifyAuthFunction

const certificate: Login = (app) => app.requireClientCert('ops')
const password: Login = (app) => app.basicAuth as FastifyAuthFunction

/** Lines of the log, and the refusals on the channel, since the start. */
interface Seen {
  readonly log: { readonly code?: string; readonly msg: string; readonly level: number }[]
  readonly refused: string[]
}

/** An origin with one route, which the certificate of `ops` or a password opens. */
async function start(
  clientCert: RouteRequirement,
  logins: readonly Login[] = [password, certificate],
  relation: 'or' | 'and' = 'or',
) {
  const seen: Seen = { log: [], refused: [] }
  const stream = lineStream((line) => seen.log.push(JSON.parse(line)))
  async function build(options: CountersignPluginOptions) {
    const app = Fastify({ logger: { level: 'warn', stream } })
    await app.register(countersign, options)
    await app.register(auth)
    await app.register(basicAuth, {
      validate: async (name, given) => {
        if (name !== 'jane' || given !== 'secret') throw new Error('the password is wrong')
      },
    })
    await app.register(websocket)
    await app.after()
    const either = app.auth(
      logins.map((login) => login(app)),
      { relation },
    )
    const config = { clientCert }
    app.get(
      '/either',
      { config, preHandler: either },
      ({ clientCert }) => `for ${clientCert?.subject.CN ?? 'a password'}`,
    )
    app.get('/socket', { config, onRequest: either, websocket: true }, (socket) => socket.send('open'))
    return app
  }
  const message = (published: unknown) => void seen.refused.push((published as RefusedMessage).code)
  subscribe('countersign:refused', message)
  onTestFinished(() => void unsubscribe('countersign:refused', message))
  const setup = await startSetup(build)
  const ask = async (request: SetupRequest) => {
    const { status, code, body } = await setup.send('/either', request)
    return status === 200 ? body : `${status} ${code}`
  }
  return { ...setup, seen, ask }
}

describe('@fastify/auth', () => {
  it('admits with a certificate or another login on an optional route', async () => {
    const { ask, seen } = await start(optional())
    expect(await ask({ cert: OPS })).toBe('for pay-1')
    expect(await ask({ cert: null, headers: PASSWORD })).toBe('for a password')
    expect(await ask({ cert: OPS, headers: PASSWORD })).toBe('for pay-1')
    // Proven, but not of the policy. The other login admits, and the handler sees who it is.
    expect(await ask({ cert: SALES, headers: PASSWORD })).toBe('for pay-2')
    expect(seen).toEqual({ log: [], refused: [] })
  })

  it('refuses with the last login, and reports it once', async () => {
    const { ask, seen } = await start(optional())
    expect(await ask({ cert: null })).toBe('401 CSN_CERT_MISSING')
    expect(await ask({ cert: SALES })).toBe('403 CSN_CERT_FORBIDDEN')
    expect(seen.refused).toEqual(['CSN_CERT_MISSING', 'CSN_CERT_FORBIDDEN'])
    expect(seen.log).toMatchObject([
      { code: 'CSN_CERT_MISSING', statusCode: 401, reason: 'the client did not present a certificate' },
      {
        code: 'CSN_CERT_FORBIDDEN',
        statusCode: 403,
        reason: expect.stringMatching(/^policy|^subject/),
        msg: 'countersign: request refused',
      },
    ])
  })

  it('heals no refusal in either order of the logins', async () => {
    const { ask, seen } = await start(optional(), [certificate, password])
    expect(await ask({ cert: OPS })).toBe('for pay-1')
    expect(await ask({ cert: null, headers: PASSWORD })).toBe('for a password')
    expect(await ask({ cert: SALES, headers: PASSWORD })).toBe('for pay-2')
    expect(seen).toEqual({ log: [], refused: [] })
    expect(await ask({ cert: null })).toMatch(/^401 /)
    expect(await ask({ cert: SALES })).toMatch(/^401 /)
    expect(seen.refused).toEqual([])
  })

  it('needs both with the relation and', async () => {
    const { ask } = await start(true, [certificate, password], 'and')
    expect(await ask({ cert: OPS, headers: PASSWORD })).toBe('for pay-1')
    expect(await ask({ cert: OPS })).toMatch(/^401 /)
    expect(await ask({ cert: SALES, headers: PASSWORD })).toBe('403 CSN_CERT_FORBIDDEN')
    expect(await ask({ cert: null, headers: PASSWORD })).toBe('401 CSN_CERT_MISSING')
  })

  it('never sees a request that the plugin refuses: no other login heals it', async () => {
    const { ask, send, edge } = await start(optional('ops'))
    expect(await ask({ cert: SALES, headers: PASSWORD })).toBe('403 CSN_CERT_FORBIDDEN')
    expect(await ask({ signed: false, headers: PASSWORD })).toBe('401 CSN_SIGNATURE_MISSING')
    expect(await ask({ cert: { ...OPS, revoked: true }, headers: PASSWORD })).toBe('403 CSN_CERT_REVOKED')
    expect(await ask({ cert: { ...OPS, expired: true }, headers: PASSWORD })).toBe('403 CSN_CERT_EXPIRED')
    const headers = await edge.headers({ url: '/either', cert: null, headers: PASSWORD })
    const replay = () => send('/either', { signed: false, headers: headers as Record<string, string> })
    expect((await replay()).status).toBe(200)
    expect((await replay()).code).toBe('CSN_SIGNATURE_REPLAYED')
  })

  it('cannot ask for a certificate on a public route, which verifies none', async () => {
    const { ask, seen } = await start(false)
    expect(await ask({ cert: OPS, headers: PASSWORD })).toBe('for a password')
    expect(await ask({ cert: OPS })).toBe('401 CSN_CERT_MISSING')
    expect(seen.log).toMatchObject([{ reason: 'the route is public, so no certificate was verified' }])
  })
})

describe('@fastify/auth with several lists', () => {
  const LISTS: readonly (readonly (string | readonly string[])[])[] = [
    [['ops', 'password'], 'any'],
    ['any', ['password', 'ops']],
    [
      ['password', 'any'],
      ['ops', 'any'],
    ],
    ['ops', 'password', 'any'],
    ['password', 'any', 'ops'],
  ]
  const ROUTES = { optional: optional(), any: true, public: false } as const

  /** Every list, with each relation, on each kind of route, with and without the option `run`. */
  const cases = (Object.keys(ROUTES) as (keyof typeof ROUTES)[]).flatMap((kind) =>
    LISTS.flatMap((list) =>
      (['or', 'and'] as const).flatMap((relation) =>
        [{ relation }, { relation, run: 'all' as const }].map((options) => ({ kind, list, options })),
      ),
    ),
  )

  it('admits as the lists state, in every relation and with run: all, and reports no refusal twice', async () => {
    const refused: string[] = []
    const message = (published: unknown) => void refused.push((published as RefusedMessage).code)
    subscribe('countersign:refused', message)
    onTestFinished(() => void unsubscribe('countersign:refused', message))
    const { app, edge } = await startSetup(async (given) => {
      const app = Fastify()
      await app.register(countersign, given)
      await app.register(auth)
      const login: Record<string, () => FastifyAuthFunction> = {
        ops: () => app.requireClientCert('ops'),
        any: () => app.requireClientCert(true),
        password: () => async (request) => {
          if (request.headers.authorization !== PASSWORD.authorization) throw new Error('the password is wrong')
        },
      }
      const make = (name: string) => (login[name] as () => FastifyAuthFunction)()
      for (const [at, { kind, list, options }] of cases.entries()) {
        const logins = list.map((each) => (typeof each === 'string' ? make(each) : each.map(make)))
        const preHandler = app.auth(logins as FastifyAuthFunction[], options)
        app.get(`/${at}`, { config: { clientCert: ROUTES[kind] }, preHandler }, () => 'in')
      }
      return app
    })

    let admitted = 0
    for (const [at, { kind, list, options }] of cases.entries()) {
      for (const [cert, password] of [null, SALES, OPS].flatMap((cert) => [
        [cert, false] as const,
        [cert, true] as const,
      ])) {
        const proven = kind === 'public' ? null : cert
        const passes = (name: string) =>
          name === 'password' ? password : name === 'ops' ? proven === OPS : proven !== null
        // An inner list has the other relation.
        const [outer, inner] = options.relation === 'or' ? (['some', 'every'] as const) : (['every', 'some'] as const)
        const isIn = list[outer]((each: string | readonly string[]) => [each].flat()[inner](passes))
        const expected = isIn && (kind !== 'any' || cert !== null)
        const headers = await edge.headers({ url: `/${at}`, cert, headers: password ? PASSWORD : {} })
        refused.length = 0
        const { statusCode, body } = await app.inject({ url: `/${at}`, headers })
        const what = JSON.stringify({ kind, list, options, cert, password, body })
        expect(statusCode === 200, what).toBe(expected)
        const code = expected ? undefined : (JSON.parse(body).code as string | undefined)
        expect(refused, what).toEqual(code === undefined ? [] : [code])
        admitted += Number(expected)
      }
    }
    expect(admitted).toBeGreaterThan(50)
  })
})

describe('@fastify/auth on a WebSocket', () => {
  async function open(port: number, headers: Record<string, string>): Promise<string> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { headers })
    onTestFinished(() => socket.terminate())
    return new Promise((resolve) => {
      socket.once('message', (message) => resolve(String(message)))
      socket.once('unexpected-response', (_, answer) => {
        answer.resume()
        answer.socket.once('close', () => resolve(`${answer.statusCode}, closed`))
      })
      socket.once('error', (error) => resolve(String(error)))
    })
  }

  it('keeps a socket that another login opens, and ends one that none opens', async () => {
    const { port, edge } = await start(optional(), [certificate, password])
    const headersOf = (given: SetupRequest) =>
      edge.headers({ ...given, url: '/socket' }) as Promise<Record<string, string>>
    expect(await open(port, await headersOf({ cert: null, headers: PASSWORD }))).toBe('open')
    expect(await open(port, await headersOf({ cert: SALES, headers: PASSWORD }))).toBe('open')
    expect(await open(port, await headersOf({ cert: OPS }))).toBe('open')
    const last = await start(optional())
    expect(await open(last.port, await headersOf({ cert: SALES }))).toBe('403, closed')
    expect(await open(last.port, await headersOf({ cert: null }))).toBe('401, closed')
  })
})
