import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { type LoggerOptions, pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { childLogger, declareReused } from './child-logger.ts'

const CLIENT = { client: { fingerprint256: 'AB:CD', subject: 'CN="pay\u00071"', access: { kind: 'service' } } }

type Make = (log: FastifyBaseLogger, bindings: object, parent: FastifyBaseLogger) => FastifyBaseLogger
type Factory = NonNullable<FastifyServerOptions['childLoggerFactory']>
interface Case {
  readonly options?: LoggerOptions
  readonly factory?: Factory
  /** Whether the third request has a sibling, and not a child. */
  readonly fast: boolean
}

/** Answers four requests, whose log is made by a function, and returns the lines of the fields and the last logger. */
async function run({ options = {}, factory }: Case, make: Make, reused?: object) {
  const lines: object[] = []
  const logger = pino(
    { timestamp: false, ...options },
    lineStream((line) => lines.push(JSON.parse(line))),
  )
  const app = Fastify({ loggerInstance: logger }) as never as FastifyInstance
  onTestFinished(() => app.close())
  if (factory) app.setChildLoggerFactory(factory)
  const made: { readonly log: FastifyBaseLogger; readonly before: FastifyBaseLogger }[] = []
  app.addHook('onRequest', async (request, reply) => {
    const before = request.log
    const fields = reused ?? { ...CLIENT, at: made.length }
    const log = make(before, fields, request.server.log)
    made.push({ log, before })
    request.log = log
    reply.log = log
  })
  app.get('/', (request) => {
    request.log.info({ client: 'a field of the line' }, 'in')
    request.log.debug('a level that is off')
    request.log.info(`${request.log.level} ${(request.log as { hidden?: string }).hidden}`)
    request.log.child({ grand: 'child' }).warn(new Error('text'))
    made.at(-1)?.before.info('the logger before')
    return 'ok'
  })
  for (let time = 0; time < 4; time += 1) await app.inject('/')
  const { log, before } = made[2] as (typeof made)[number]
  return { lines: lines.map(withoutTimes), isSibling: Object.getPrototypeOf(log) !== before && log !== before }
}

/** Times, ports and stacks differ between two requests. */
function withoutTimes(line: object): object {
  return JSON.parse(JSON.stringify(line, (key, value) => (/^(?:responseTime|stack|reqId)$/.test(key) ? 0 : value)))
}

const CASES: Readonly<Record<string, Case>> = {
  'the usual one': { fast: true },
  'a level': { options: { level: 'warn' }, fast: true },
  'a level below': { options: { level: 'trace' }, fast: true },
  'own levels': { options: { customLevels: { audit: 35 } }, fast: true },
  'a serializer': { options: { serializers: { client: ({ subject }) => subject } }, fast: true },
  redaction: { options: { redact: ['client.subject', '*.fingerprint256'] }, fast: true },
  'removed fields': { options: { redact: { paths: ['client.access'], remove: true } }, fast: true },
  formatters: {
    options: {
      formatters: {
        level: (label) => ({ severity: label }),
        bindings: (bindings) => ({ ...bindings, formatted: true }),
        log: (fields) => ({ ...fields, logged: true }),
      },
    },
    fast: true,
  },
  'a mixin': { options: { mixin: () => ({ trace: 'abc' }) }, fast: true },
  'a nested key, and other names': { options: { nestedKey: 'fields', messageKey: 'message', base: null }, fast: true },
  'a prefix': { options: { msgPrefix: '[app] ' }, fast: true },
  'a function for each child': {
    options: { onChild: (child) => child.setBindings({ seen: true }) },
    fast: false,
  },
  'a function for each child whose result is an empty object': {
    options: { onChild: (child) => child.setBindings({ seen: true }) ?? {} },
    fast: false,
  },
  'a function for each child that a parameter calls': {
    options: { onChild: (child, _seen = child.setBindings({ seen: true })) => {} },
    fast: false,
  },
  'an empty function for each child': { options: { onChild() {} }, fast: true },
  'a hook for each line': {
    options: {
      hooks: {
        logMethod(args, method) {
          method.apply(this, ['hooked', ...args.slice(1)] as never)
        },
      },
    },
    fast: true,
  },
  'a factory with fields, level, serializers and redaction': {
    factory: (log, bindings, options) =>
      log.child({ ...bindings, tenant: 'acme' }, {
        ...options,
        level: 'debug',
        serializers: { at: (at: number) => `n${at}` },
        redact: ['client.subject'],
      } as object),
    fast: true,
  },
  'a factory with an own format of bindings': {
    factory: (log, bindings, options) =>
      log.child(bindings, { ...options, formatters: { bindings: (given: object) => ({ ...given, f: 1 }) } } as object),
    fast: false,
  },
  'a factory with the logger of the server': { factory: (log) => log, fast: false },
  'a factory with a child of a child': { factory: (log, bindings) => log.child({ a: 1 }).child(bindings), fast: false },
  'a factory with a proxy': {
    factory: (log, bindings) =>
      new Proxy(log.child(bindings), {
        get: (target, name) =>
          name === 'info' ? () => target.info('through the proxy') : Reflect.get(target, name, target),
      }),
    fast: false,
  },
  'a factory with an own function child': {
    factory: (log, bindings) => {
      const child = log.child(bindings)
      const own = (given: object) => log.child.call(child, { ...given, own: true })
      return Object.assign(child, { child: own })
    },
    fast: false,
  },
  'a factory with a getter': {
    factory: (log, bindings) =>
      Object.defineProperty(log.child(bindings), 'level', {
        get() {
          return `${this.bindings().at ?? 'none'}`
        },
        enumerable: true,
      }),
    fast: false,
  },
  'a factory with a hidden property': {
    factory: (log, bindings) => Object.defineProperty(log.child(bindings), 'hidden', { value: 'seen' }),
    fast: false,
  },
  'a factory with an own method': {
    factory: (log, bindings) => {
      const child = log.child(bindings)
      return Object.assign(child, { info: (_: object, text: string) => log.info(`own ${text}`) })
    },
    fast: true,
  },
}

/** A function that has this text, as the functions of applications have it. */
const textOf = (text: string) => Object.assign(() => {}, { toString: () => text })

describe('childLogger', () => {
  it.each(Object.entries(CASES))('writes the lines of child() for %s', async (_name, each) => {
    const plain = await run(each, (log, bindings) => log.child(bindings))
    const { lines, isSibling } = await run(each, childLogger)
    expect(lines).toEqual(plain.lines)
    expect(lines.length).toBeGreaterThan(3)
    expect(isSibling).toBe(each.fast)
  })

  it.each(Object.entries(CASES))(
    'writes the lines of child() for %s, with fields that come again',
    async (_name, each) => {
      const fields = { ...CLIENT, at: 7 }
      declareReused(fields)
      const plain = await run(each, (log, bindings) => log.child(bindings), fields)
      // The same fields in another server, whose logger has other serializers.
      await run(CASES['a serializer'] as Case, childLogger, fields)
      await run(CASES['the usual one'] as Case, childLogger, fields)
      const { lines, isSibling } = await run(each, childLogger, fields)
      expect(lines).toEqual(plain.lines)
      expect(isSibling).toBe(each.fast)
    },
  )

  it('formats fields that come again once, unless a serializer or a redaction of their logger changes them', () => {
    let reads = 0
    const fields = {
      client: {
        get cn() {
          reads += 1
          return 'pay-1'
        },
      },
    }
    declareReused(fields)
    const lines: object[] = []
    const stream = lineStream((line) => lines.push(JSON.parse(line).client))
    const writeBy = (server: FastifyBaseLogger, options: object = {}) => {
      reads = 0
      childLogger(server.child({}, options), fields, server).info('in')
      return reads
    }
    const server = pino({ base: null }, stream)
    for (let time = 0; time < 3; time += 1) writeBy(server)
    expect(writeBy(server)).toBe(0)
    const own = { client: () => 'own' }
    expect([writeBy(server, { redact: ['client.cn'] }) > 0, writeBy(server)]).toEqual([true, 0])
    expect([writeBy(server, { serializers: own }), writeBy(server)]).toEqual([0, 0])
    expect(lines.splice(0).slice(-4)).toEqual([{ cn: '[Redacted]' }, { cn: 'pay-1' }, 'own', { cn: 'pay-1' }])
    let answers = 0
    const counted = pino({ base: null, serializers: { client: () => (answers += 1) } }, stream)
    for (let time = 0; time < 5; time += 1) writeBy(counted)
    expect(new Set(lines.splice(0)).size).toBe(5)
    const open = (value: unknown) => (answers > 7 ? answers : value)
    const opened = pino({ base: null, redact: { paths: ['client.cn'], censor: open } }, stream)
    for (answers = 5; answers < 10; answers += 1) writeBy(opened)
    expect(lines.splice(0).slice(-2)).toEqual([{ cn: 8 }, { cn: 9 }])
    const censored = pino({ base: null, redact: { paths: ['client.cn'], censor: () => (answers += 1) } }, stream)
    for (let time = 0; time < 5; time += 1) writeBy(censored)
    expect(new Set(lines.splice(0).map((client) => JSON.stringify(client))).size).toBe(5)
  })

  it('asks a logger that an application has changed since for a child', () => {
    const server = pino(
      { base: null },
      lineStream(() => {}),
    )
    const isSibling = (change: (log: FastifyBaseLogger) => object = (log) => log) => {
      const log = change(server.child({}, {})) as FastifyBaseLogger
      return Object.getPrototypeOf(childLogger(log, CLIENT, server)) === server
    }
    expect([isSibling(), isSibling(), isSibling()]).toEqual([false, true, true])
    const bindings = () => ({})
    const changes: ((log: FastifyBaseLogger) => object)[] = [
      (log) => new Proxy(log, {}),
      (log) => Object.assign(log, { child: log.child.bind(log) }),
      (log) => Object.assign(log, { setBindings: () => {} }),
      () => server.child({}, { formatters: { bindings } }),
      (log) => Object.defineProperty(log, 'hidden', { value: 1 }),
      (log) => Object.defineProperty(log, 'read', { get: () => 1, enumerable: true }),
      (log) => Object.defineProperty(log, 'write', { set: () => {}, enumerable: true }),
    ]
    for (const change of changes) expect([isSibling(change), isSibling()]).toEqual([false, true])
    // A property more is no hindrance.
    expect(isSibling((log) => Object.assign(log, { more: 1 }))).toBe(true)
    const seen: unknown[] = []
    server.onChild = (child) => void seen.push(child)
    expect([isSibling(), seen.length]).toEqual([false, 2])
  })

  it('formats fields anew that are not declared as reused', () => {
    const lines: { at?: number }[] = []
    const server = pino(
      { base: null },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    const fields = { at: 0 }
    for (; fields.at < 5; fields.at += 1) childLogger(server.child({}, {}), fields, server).info('in')
    expect(lines.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4])
  })

  it('formats fields that come again anew, if a serializer changes one of them later', () => {
    const lines: { client?: string; at?: number }[] = []
    let calls = 0
    const serializers = {
      client(value: unknown) {
        calls += 1
        return calls > 8 ? `changed ${calls}` : value
      },
    }
    const server = pino(
      { base: null, serializers },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    const fields = { client: 'pay-1', at: 7 }
    declareReused(fields)
    while (calls < 10) childLogger(server.child({}, {}), fields, server).info('in')
    expect(lines.slice(-3)).toMatchObject([
      { client: 'pay-1', at: 7 },
      { client: 'changed 9', at: 7 },
      { client: 'changed 10', at: 7 },
    ])
  })

  it('keeps no text of fields that the logger leaves out', () => {
    const lines: object[] = []
    const server = pino(
      { base: null, timestamp: false },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    const fields = { client: 'pay-1', customLevels: 7 }
    declareReused(fields)
    for (let time = 0; time < 5; time += 1) childLogger(server.child({}, {}), fields, server).info('in')
    expect(lines).toEqual(Array(5).fill({ level: 30, client: 'pay-1', msg: 'in' }))
  })

  it('keeps the text of fields for one server, although another has the same serializers', () => {
    const lines: object[] = []
    const first = pino(
      { base: null, timestamp: false },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    const formatters = { bindings: (given: object) => ({ ...given, formatted: true }) }
    const second = first.child({}, { formatters })
    const fields = { client: 'pay-1' }
    declareReused(fields)
    const writeBy = (server: FastifyBaseLogger) => {
      const log = server.child({}, server === second ? { formatters } : {})
      childLogger(log, fields, server).info('in')
      return lines.pop()
    }
    for (let time = 0; time < 4; time += 1) {
      expect(writeBy(first)).toEqual({ level: 30, client: 'pay-1', msg: 'in' })
      expect(writeBy(second)).toMatchObject({ level: 30, client: 'pay-1', formatted: true, msg: 'in' })
    }
  })

  it('asks a logger for a child each time, if its own child() makes one of another prototype', () => {
    const server = pino(
      { base: null },
      lineStream(() => {}),
    )
    const { child } = server
    server.child = function (this: typeof server, ...given: Parameters<typeof child>) {
      return Object.create(child.apply(this, given), { mark: { value: 'own' } })
    } as never
    for (let time = 0; time < 3; time += 1) {
      expect(childLogger(child.call(server, {}, {}), CLIENT, server)).toHaveProperty('mark', 'own')
    }
  })

  it('asks a logger for a child each time, if its own child() adds a property', () => {
    const lines: object[] = []
    const server = pino(lineStream((line) => lines.push(JSON.parse(line)))) as never as FastifyBaseLogger
    const { child } = server
    server.child = function (this: FastifyBaseLogger, ...given) {
      const made = child.apply(this, given)
      const info = made.info.bind(made)
      return Object.assign(made, { info: (fields: object) => info({ traced: true, ...fields }) })
    }
    for (let time = 0; time < 3; time += 1) childLogger(child.call(server, {}, {}), CLIENT, server).info({ time })
    expect(lines).toEqual([0, 1, 2].map(() => expect.objectContaining({ ...CLIENT, traced: true })))
  })

  it('asks a logger for a child, if a property of the logger is hidden or a getter in this request alone', () => {
    const server = pino({ enabled: false }) as never as FastifyBaseLogger
    const withTenant = (tenant: PropertyDescriptor) => Object.defineProperty(server.child({}, {}), 'tenant', tenant)
    const plain = { value: 'a', enumerable: true, writable: true, configurable: true }
    const hidden = { value: 'hidden' }
    const getter = { get: () => ({}), enumerable: true }
    const isChild = [plain, plain, hidden, getter, plain].map((tenant) => {
      const log = withTenant(tenant)
      return Object.getPrototypeOf(childLogger(log, CLIENT, server)) === log
    })
    expect(isChild).toEqual([true, false, true, true, false])
  })

  it('asks a logger for a child each time, if its own setBindings() sets nothing', () => {
    const lines: object[] = []
    const server = pino(
      { base: null, timestamp: false },
      lineStream((line) => lines.push(JSON.parse(line))),
    )
    server.setBindings = () => {}
    for (let time = 0; time < 3; time += 1) childLogger(server.child({}, {}), { at: 7 }, server).info('in')
    expect(lines).toEqual(Array(3).fill({ level: 30, at: 7, msg: 'in' }))
  })

  it('compares once with a logger that cannot be compared', () => {
    const server = pino(
      { base: null },
      lineStream(() => {}),
    )
    let asked = 0
    server.bindings = () => {
      asked += 1
      throw new Error('not now')
    }
    for (let time = 0; time < 3; time += 1) {
      const log = server.child({}, {})
      expect(Object.getPrototypeOf(childLogger(log, CLIENT, server))).toBe(log)
    }
    expect(asked).toBe(1)
  })

  it.each<[boolean, () => unknown]>([
    [true, () => {}],
    [true, async () => {}],
    [true, textOf('function () {}')],
    [true, textOf('function named(child, other) { }')],
    [true, textOf('function  (child) {}')],
    [true, textOf('onChild ( child ) {\n  \n}')],
    [true, textOf('( child )  =>  {  }')],
    [true, textOf('(one,\n two)=>{}')],
    [true, textOf('(one_1, two)\n{}')],
    [false, textOf('child => child.extend(function () {})')],
    [false, textOf('(child) => { child.extend() }')],
    [false, textOf('(child) => child.fields = {}')],
    [false, textOf('(child) => child.extend({})')],
    [false, textOf('(child) => child.extend() ?? function () {}')],
    [false, textOf('(child = extend()) => {}')],
    [false, textOf('({ fields }) => {}')],
    [false, textOf('() => [() => {}]')],
    [false, textOf('() => x {}')],
  ])('has siblings: %s, with the function %s for each child', (expected, onChild) => {
    const server = pino(
      { base: null, onChild },
      lineStream(() => {}),
    )
    const isSibling = () => Object.getPrototypeOf(childLogger(server.child({}, {}), CLIENT, server)) === server
    expect([isSibling(), isSibling()]).toEqual([false, expected])
  })

  it('asks a logger of another kind for a child, each time', () => {
    let children = 0
    class Other {
      bound: object | undefined
      child(bindings: object) {
        children += 1
        return Object.assign(Object.create(this), { bound: bindings })
      }
    }
    const server = Object.create(new Other())
    for (let time = 1; time <= 3; time += 1) {
      const log = childLogger(Object.create(server), CLIENT, server) as never as Other
      expect([log.bound, children]).toEqual([CLIENT, time])
    }
  })

  it('throws what a serializer throws, and binds nothing', () => {
    const lines: string[] = []
    const serializers = { client: ({ subject }: { subject?: string }) => (subject as string).length }
    const server = pino(
      { base: null, timestamp: false, serializers },
      lineStream((line) => lines.push(line)),
    )
    for (let time = 0; time < 3; time += 1) {
      const log = server.child({}, {})
      expect(() => childLogger(log, { client: {} }, server)).toThrow(TypeError)
      log.info('in')
      childLogger(log, CLIENT, server).info('out')
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      [1, 2, 3].flatMap(() => [
        { level: 30, msg: 'in' },
        { level: 30, client: CLIENT.client.subject.length, msg: 'out' },
      ]),
    )
  })
})
