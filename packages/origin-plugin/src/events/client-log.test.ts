import { lineStream } from '@countersign/test-support/line-stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'
import { BOUND, isBound, resolveLog } from './client-log.ts'

const CERT = makeClientCert({ fingerprint256: 'AB:CD', serialNumber: '0A', subject: 'CN=pay-1', issuer: 'CN=CA' })
const CLIENT = { fingerprint256: 'AB:CD', serialNumber: '0A', subject: 'CN=pay-1', issuer: 'CN=CA' }
const claims = { secret: 'claim' }

type Line = Record<string, unknown>

/** Requests and replies whose log is a list of lines. */
function logOf(options: object = {}) {
  const lines: Line[] = []
  const texts: string[] = []
  const log = pino(
    { base: null, ...options },
    lineStream((line) => {
      texts.push(line)
      lines.push(JSON.parse(line))
    }),
  )
  const exchange = (clientCert: ClientCert | null, access: AccessIdentity | null = null) => {
    const child = log.child({ reqId: 'r' })
    return {
      request: { clientCert, access, log: child, server: { log } } as never as FastifyRequest,
      reply: { log: child } as never as FastifyReply,
    }
  }
  return { log, lines, texts, exchange }
}

/** Binds a client by the option `log`, writes a line to each of the two logs, and returns the fields that are new. */
function fieldsOf(option: unknown, clientCert: ClientCert | null, access: AccessIdentity | null = null, options = {}) {
  const { lines, exchange } = logOf(options)
  const { request, reply } = exchange(clientCert, access)
  resolveLog(option)?.(request, reply)
  request.log.info('in')
  reply.log.info('out')
  return lines.map(({ level: _, time: __, reqId: ___, ...fields }) => fields)
}

const both = (fields: object) => [
  { ...fields, msg: 'in' },
  { ...fields, msg: 'out' },
]

describe('log: true', () => {
  it('binds certificate and identity to both logs, and no claim', () => {
    const identities: [AccessIdentity, object][] = [
      [
        { kind: 'user', email: 'a@b.example', sub: 'u1', claims },
        { kind: 'user', email: 'a@b.example', sub: 'u1' },
      ],
      [
        { kind: 'user', email: 'a@b.example', sub: undefined, claims },
        { kind: 'user', email: 'a@b.example' },
      ],
      [
        { kind: 'service', clientId: 'x.access', claims },
        { kind: 'service', clientId: 'x.access' },
      ],
      [
        { kind: 'certificate', commonName: 'pay-1', claims },
        { kind: 'certificate', commonName: 'pay-1' },
      ],
    ]
    expect(fieldsOf(true, CERT)).toEqual(both({ client: CLIENT }))
    for (const [identity, access] of identities) {
      expect(fieldsOf(true, CERT, identity)).toEqual(both({ client: { ...CLIENT, access } }))
      expect(fieldsOf(true, null, identity)).toEqual(both({ client: { access } }))
    }
  })

  it('binds the identity of this request, although the certificate is known', () => {
    const { lines, exchange } = logOf()
    const bind = resolveLog(true)
    for (const clientId of ['a', 'a', 'b', undefined]) {
      const access = clientId === undefined ? null : ({ kind: 'service', clientId, claims } as const)
      const { request, reply } = exchange(CERT, access)
      bind?.(request, reply)
      request.log.info('in')
    }
    expect(lines.map(({ client }) => (client as { access?: { clientId: string } }).access?.clientId)).toEqual([
      'a',
      'a',
      'b',
      undefined,
    ])
  })

  it('keeps the fields of a certificate for its next request with the same identity', () => {
    const { exchange } = logOf()
    const bind = resolveLog(true)
    const fieldsFor = (access: AccessIdentity | null) => {
      const { request, reply } = exchange(CERT, access)
      bind?.(request, reply)
      return (request as { [BOUND]?: object })[BOUND]
    }
    const service: AccessIdentity = { kind: 'service', clientId: 'a', claims }
    const fields = fieldsFor(service)
    expect(fields).toEqual({ client: { ...CLIENT, access: { kind: 'service', clientId: 'a' } } })
    expect(fieldsFor(service)).toBe(fields)
    // Another token of the same service: its fields are read anew.
    const other = fieldsFor({ ...service })
    expect(other).toEqual(fields)
    expect(other).not.toBe(fields)
    expect(fieldsFor(null)).toEqual({ client: CLIENT })
  })

  it('keeps the text of the fields of a certificate, which the logger formats for the first requests alone', () => {
    const { log, lines, exchange } = logOf()
    const { setBindings } = log
    let current = 0
    const formattedIn = new Set<number>()
    log.setBindings = function (fields) {
      formattedIn.add(current)
      setBindings.call(this, fields)
    }
    const bind = resolveLog(true)
    for (; current < 5; current += 1) {
      const { request, reply } = exchange(CERT)
      bind?.(request, reply)
      request.log.info('in')
    }
    expect([2, 3, 4].filter((request) => formattedIn.has(request))).toEqual([])
    expect(lines.map(({ client }) => client)).toEqual(Array(5).fill(CLIENT))
  })

  it('binds one logger to a request and its reply, if they shared one before', () => {
    const { request, reply } = logOf().exchange(CERT)
    const { log } = request
    resolveLog(true)?.(request, reply)
    expect(request.log).not.toBe(log)
    expect(reply.log).toBe(request.log)
  })

  it('binds nothing without an identity', () => {
    expect(fieldsOf(true, null)).toEqual(both({}))
  })

  it('cuts texts that are as long as a header', () => {
    const long = 'x'.repeat(301)
    const cut = `${'x'.repeat(300)}…`
    const [{ client } = {}] = fieldsOf(
      true,
      makeClientCert({ subject: `CN=${long}`, issuer: `CN=${'y'.repeat(297)}` }),
      {
        kind: 'user',
        email: long,
        sub: long,
        claims,
      },
    ) as { client?: object }[]
    expect(client).toMatchObject({
      subject: `CN=${'x'.repeat(297)}…`,
      issuer: `CN=${'y'.repeat(297)}`,
      access: { email: cut, sub: cut },
    })
    expect(fieldsOf(true, null, { kind: 'certificate', commonName: long, claims })[0]).toMatchObject({
      client: { access: { commonName: cut } },
    })
  })

  it('passes serializers, redaction and formatters of the logger', () => {
    const serializers = { client: ({ fingerprint256 }: ClientCert) => fingerprint256 }
    expect(fieldsOf(true, CERT, null, { serializers })).toEqual(both({ client: 'AB:CD' }))
    const redact = ['client.subject']
    expect(fieldsOf(true, CERT, null, { redact })).toEqual(both({ client: { ...CLIENT, subject: '[Redacted]' } }))
  })

  it('binds once, and keeps a logger of the application', () => {
    const { lines, texts, exchange } = logOf()
    const { request, reply } = exchange(CERT)
    request.log = request.log.child({ tenant: 'acme' })
    const bind = resolveLog(true)
    for (let time = 0; time < 2; time += 1) bind?.(request, reply)
    expect([isBound(request, 'client'), isBound(request, 'toString')]).toEqual([true, false])
    request.log.info('in')
    reply.log.info('out')
    expect(lines).toMatchObject([{ tenant: 'acme', client: CLIENT }, { client: CLIENT }])
    expect(texts.map((text) => text.split('"client":').length)).toEqual([2, 2])
    expect(Object.hasOwn(lines[1] ?? {}, 'tenant')).toBe(false)
  })
})

describe('log as a function', () => {
  it('binds its answer as plain data', () => {
    const since = new Date(0)
    expect(fieldsOf((cert: ClientCert) => ({ cn: cert.subject.CN, since }), CERT)).toEqual(
      both({ cn: 'pay-1', since: '1970-01-01T00:00:00.000Z' }),
    )
    expect(
      fieldsOf((_: unknown, access: AccessIdentity) => ({ kind: access.kind }), null, {
        kind: 'service',
        clientId: 'x',
        claims,
      }),
    ).toEqual(both({ kind: 'service' }))
    expect(fieldsOf(() => null, CERT)).toEqual(both({}))
    const { request, reply } = logOf().exchange(CERT)
    const { log } = request
    resolveLog(() => null)?.(request, reply)
    expect([request.log === log, reply.log === log]).toEqual([true, true])
    expect(fieldsOf(() => ({ long: 'x'.repeat(1_989) }), CERT)[0]).toMatchObject({ long: 'x'.repeat(1_989) })
  })

  it.each<[string, () => unknown, string]>([
    ['undefined', () => undefined, 'log did not return an object; return an object, or null for none'],
    ['a list', () => [1], 'log did not return an object; return an object, or null for none'],
    ['a text', () => 'jane', 'log did not return an object; return an object, or null for none'],
    ['a big integer alone', () => 1n, 'log did not return an object; return an object, or null for none'],
    ['a date', () => new Date(), 'log did not return an object; return an object, or null for none'],
    [
      'an object that JSON leaves out',
      () => ({ toJSON: () => undefined }),
      'log did not return an object; return an object, or null for none',
    ],
    [
      'an object that JSON replaces with null',
      () => ({ toJSON: () => null }),
      'log did not return an object; return an object, or null for none',
    ],
    [
      'a promise',
      () => Promise.reject(new Error('late')),
      'log returned a promise; return an object, or null for none',
    ],
    [
      'a big integer',
      () => ({ id: 1n }),
      'log returned an object that is not JSON: "Do not know how to serialize a BigInt"',
    ],
    [
      'an object whose toJSON throws an error without a message',
      () => ({
        toJSON() {
          throw new Error()
        },
      }),
      'log returned an object that is not JSON',
    ],
    [
      'too many characters',
      () => ({ long: 'x'.repeat(1_990) }),
      'log returned 2001 characters of JSON; return 2000 at most, because every line of the request contains them',
    ],
    ...'level time pid hostname reqId msg serializers formatters customLevels'
      .split(' ')
      .map((field): [string, () => unknown, string] => [
        `the field ${field}`,
        () => ({ [field]: 1 }),
        `log returned the field "${field}" of the logger itself; write another name`,
      ]),
    [
      'nothing, but throws',
      () => {
        throw new RangeError('no "ops"')
      },
      'log threw RangeError: "no \\"ops\\""',
    ],
    [
      'nothing, but throws a value',
      () => {
        throw undefined
      },
      'log threw a value',
    ],
    [
      'a field that the logger cannot take',
      () => JSON.parse('{"hasOwnProperty":1}'),
      'log threw TypeError: "bindings.hasOwnProperty is not a function"',
    ],
  ])('that returns %s is reported once, and the usual fields are bound', (_what, answer, reason) => {
    const { lines, exchange } = logOf()
    const bind = resolveLog(answer)
    for (let time = 0; time < 2; time += 1) {
      const { request, reply } = exchange(CERT)
      bind?.(request, reply)
      request.log.info('in')
    }
    expect(lines.map(({ time: _, ...fields }) => fields)).toEqual([
      { level: 40, reqId: 'r', reason, msg: 'countersign: the option log failed' },
      { level: 30, reqId: 'r', client: CLIENT, msg: 'in' },
      { level: 30, reqId: 'r', client: CLIENT, msg: 'in' },
    ])
  })
})

describe('resolveLog', () => {
  it('is off by default, and with false', () => {
    expect([resolveLog(undefined), resolveLog(false)]).toEqual([null, null])
  })

  it.each([null, 0, '', 'true', {}, []])('cannot be %j', (given) => {
    expect(() => resolveLog(given)).toThrow(
      new TypeError(
        'log must be a boolean or a function; write log: true, or log: (clientCert, access) => ({ client: clientCert?.fingerprint256 })',
      ),
    )
  })

  it('cannot be an async function', () => {
    expect(() => resolveLog(async () => ({}))).toThrow(
      new TypeError('log must be synchronous; return an object, not a promise'),
    )
  })
})
