import type { FastifyContextConfig, RouteOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { createGuardCompiler } from './compile-guard.ts'
import { optional } from './requirement.ts'
import { compileRouteRules } from './route-rules.ts'
import { createRouteGuards, hasGuard } from './routes.ts'

const compiler = createGuardCompiler({ ops: { subject: { OU: 'Ops' } } })
const create = (...rules: unknown[]) => createRouteGuards(compiler, compileRouteRules(rules, compiler))
const declared = () => true
const undeclared = () => false

const routeOf = (config?: unknown, changes: Partial<RouteOptions> = {}) =>
  ({
    method: 'GET',
    url: '/x',
    handler() {},
    ...(config === undefined ? {} : { config }),
    ...changes,
  }) as RouteOptions & {
    config: FastifyContextConfig
  }

describe('createRouteGuards', () => {
  it.each([
    ['without a config', undefined, { protection: 'verified', requirement: 'any verified certificate' }],
    ['with a config of null', null, { protection: 'verified', requirement: 'any verified certificate' }],
    ['with another config', { rateLimit: 1 }, { protection: 'verified', requirement: 'any verified certificate' }],
    ['with true', { clientCert: true }, { protection: 'verified', requirement: 'any verified certificate' }],
    ['with false', { clientCert: false }, { protection: 'public', requirement: 'none' }],
    [
      'with an optional policy',
      { clientCert: optional('ops') },
      { protection: 'optional', requirement: 'no certificate, or policy ops' },
    ],
    [
      'with an optional certificate',
      { clientCert: optional() },
      { protection: 'optional', requirement: 'no certificate, or any verified certificate' },
    ],
    ['with a policy', { clientCert: 'ops' }, { protection: 'guarded', requirement: 'policy ops' }],
    ['with a requirement', { clientCert: { keyId: 'AB' } }, { protection: 'guarded', requirement: 'keyId=AB' }],
  ])('describes a route %s', (_what, config, description) => {
    const guards = create()
    guards.add(routeOf(config))
    expect(guards.list()).toEqual([{ method: 'GET', url: '/x', ...description, enforced: true }])
  })

  it('finds the guard by the config that the route has from then on', () => {
    const guards = create()
    const [open, guarded] = [routeOf({ clientCert: false }), routeOf({ clientCert: 'ops' })]
    guards.add(open)
    guards.add(guarded)
    guards.complete(undeclared)
    expect(guards.get(open.config)).toBeNull()
    expect(guards.get({ ...open.config, url: '/x' }), 'as Fastify copies it').toBeNull()
    expect(guards.get(guarded.config)?.guard.description).toBe('policy ops')
  })

  it('refuses the other mode in a config, unless the route is public or a rule has its mode', () => {
    const own = () => routeOf({ clientCert: 'ops', mode: 'report' })
    const refusal = 'GET /x: config.mode has no effect on countersign'
    expect(() => create().add(own())).toThrow(refusal)
    expect(() => create({ url: '/x', clientCert: 'ops' }).add(own())).toThrow(refusal)
    for (const mode of ['enforce', 'report']) {
      const guards = create({ url: '/x', mode })
      guards.add(own())
      expect(guards.list()).toMatchObject([{ requirement: 'policy ops', enforced: mode === 'enforce' }])
    }
    expect(() => create().add(routeOf({ clientCert: false, mode: 'report' }))).not.toThrow()
    const reporting = createRouteGuards(compiler, compileRouteRules([], compiler), 'report')
    expect(() => reporting.add(own())).not.toThrow()
    expect(() => reporting.add(routeOf({ mode: 'enforce' }))).toThrow(refusal)
  })

  it('agrees with a rule that is optional in the same way', () => {
    const guards = create({ url: '/x', clientCert: optional('ops') })
    const route = routeOf({ clientCert: optional('ops') })
    guards.add(route)
    expect(() => guards.add(routeOf({ clientCert: 'ops' }))).toThrow('are different; remove one of them')
    expect(() => guards.add(routeOf({ clientCert: optional() }))).toThrow('are different; remove one of them')
    guards.complete(undeclared)
    expect(guards.get(route.config)).toMatchObject({ guard: { optional: true } })
  })

  it('knows nothing of a config that was never added', () => {
    const guards = create()
    guards.complete(undeclared)
    for (const config of [{}, { clientCert: false }, { guard: null }, { [Symbol('countersign.guard')]: null }]) {
      expect(() => guards.get(config)).toThrow(
        new TypeError(
          'the handler for unknown paths was declared where countersign cannot see it, and no rule of the option routes agrees with it',
        ),
      )
    }
    expect(() => guards.get({ method: 'GET', url: '/x' })).toThrow(
      'GET /x was declared where countersign cannot see it',
    )
  })

  it('has no guard before everything is known', () => {
    const guards = create()
    const open = routeOf({ clientCert: false })
    guards.add(open)
    expect(() => guards.get(open.config)).toThrow(TypeError)
    guards.complete(undeclared)
    expect(guards.get(open.config)).toBeNull()
  })

  it('leaves the config alone that the route was declared with', () => {
    const config = Object.freeze({ clientCert: 'ops' })
    create().add(routeOf(config))
    expect(Reflect.ownKeys(config)).toEqual(['clientCert'])
  })

  it('gives two routes with one config object a guard each', () => {
    const guards = create()
    const shared: { clientCert: string | false } = { clientCert: 'ops' }
    const first = routeOf(shared)
    guards.add(first)
    shared.clientCert = false
    const second = routeOf(shared)
    guards.add(second)
    shared.clientCert = 'ops'
    guards.complete(undeclared)
    expect(guards.get(first.config)?.guard.description).toBe('policy ops')
    expect(guards.get(second.config)).toBeNull()
  })

  it('decides anew for a route that is declared with the config of another', () => {
    const guards = create()
    const open = routeOf({ clientCert: false })
    guards.add(open)
    const copied = routeOf({ ...open.config, clientCert: 'ops' })
    guards.add(copied)
    guards.complete(undeclared)
    expect(guards.get(copied.config)?.guard.description).toBe('policy ops')
  })

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'GET /x: config.clientCert: the requirement is undefined'],
    ['null', null, 'GET /x: config.clientCert: the requirement must be true'],
    ['an unknown policy', 'opps', 'GET /x: config.clientCert: unknown policy "opps"'],
    ['a typo', { subjekt: {} }, 'GET /x: config.clientCert: unknown property "subjekt"'],
  ])('refuses a route with %s', (_what, clientCert, message) => {
    const guards = create()
    expect(() => guards.add(routeOf({ clientCert }))).toThrow(message)
    expect(guards.list()).toEqual([])
  })

  it('names every method of a route', () => {
    const guards = create()
    guards.add(routeOf(undefined, { method: ['GET', 'POST'] }))
    expect(guards.list()[0]?.method).toBe('GET,POST')
    expect(() => guards.add(routeOf({ clientCert: '?' }, { method: ['PUT', 'POST'] }))).toThrow('PUT,POST /x: ')
  })

  it('gives away copies of its list', () => {
    const guards = create()
    guards.add(routeOf())
    guards.list().pop()
    expect(guards.list()).toHaveLength(1)
  })

  describe('with rules', () => {
    it('gives a route without a requirement that of its rule, and shows it in its config', () => {
      const guards = create({ url: '/x', clientCert: 'ops' }, { method: 'POST', url: '/y', clientCert: false })
      const [ruled, open, other] = [
        routeOf({ own: 1 }),
        routeOf(undefined, { method: 'POST', url: '/y' }),
        routeOf(undefined, { url: '/y' }),
      ]
      for (const route of [ruled, open, other]) guards.add(route)
      guards.complete(undeclared)
      expect(guards.get(ruled.config)?.guard.description).toBe('policy ops')
      expect(ruled.config).toMatchObject({ own: 1, clientCert: 'ops' })
      expect(guards.get(open.config)).toBeNull()
      expect(open.config).toMatchObject({ clientCert: false })
      expect(guards.get(other.config)?.guard.description).toBe('any verified certificate')
      expect({ ...other.config }).not.toHaveProperty('clientCert')
      expect(guards.list().map(({ protection }) => protection)).toEqual(['guarded', 'public', 'verified'])
    })

    it.each([
      ['ops', false],
      [false, 'ops'],
      [true, 'ops'],
      ['ops', undefined],
      [{ keyId: ['AB'] }, { keyId: ['AC'] }],
    ])('refuses a route whose rule has %j and whose config has %j', (ruled, own) => {
      const guards = create({ url: '/x', clientCert: ruled })
      expect(() => guards.add(routeOf({ clientCert: own }))).toThrow(
        new TypeError(
          'GET /x: config.clientCert and routes[0].clientCert are different; remove one of them, or write a rule for this url',
        ),
      )
      expect(guards.list()).toEqual([])
    })

    it('accepts a route whose config agrees with its rule', () => {
      const guards = create({ url: '/x', clientCert: { keyId: ['AB'] } })
      guards.add(routeOf({ clientCert: { keyId: ['AB'] } }))
      guards.complete(undeclared)
      expect(guards.list()[0]?.requirement).toBe('keyId=AB')
    })

    it('refuses a rule for no route once everything is known', () => {
      const guards = create({ url: '/y', clientCert: 'ops' })
      guards.add(routeOf())
      expect(() => guards.complete(undeclared)).toThrow('routes[0] covers no route')
      expect(() => guards.get(routeOf().config ?? {})).toThrow(TypeError)
    })

    it('guards earlier routes at their first request', () => {
      const guards = create({ url: '/x', clientCert: 'ops' }, { method: 'OPTIONS', url: '*', clientCert: false })
      expect(guards.addEarlier({ method: 'GET', url: '/x' })).toBe(true)
      expect(guards.addEarlier({ method: 'OPTIONS', url: '*' })).toBe(true)
      expect(guards.addEarlier({ method: 'GET', url: '/y' })).toBe(false)
      guards.complete(undeclared)
      const config = { method: 'GET', url: '/x' }
      expect(guards.get(config)?.guard.description).toBe('policy ops')
      expect(guards.get({ ...config, clientCert: 'ops' })?.guard.description).toBe('policy ops')
      expect(guards.get({ method: ['OPTIONS'], url: '*' })).toBeNull()
      expect(() => guards.get({ method: 'GET', url: '/y' })).toThrow(
        'GET /y was declared where countersign cannot see it',
      )
      expect(() => guards.get({ ...config, clientCert: true })).toThrow('no rule of the option routes agrees with it')
      expect(guards.list()).toEqual([
        { method: 'GET', url: '/x', protection: 'guarded', requirement: 'policy ops', enforced: true },
        { method: 'OPTIONS', url: '*', protection: 'public', requirement: 'none', enforced: true },
      ])
      Object.assign(config, { clientCert: false })
      expect(() => guards.get(config)).toThrow('config.clientCert was changed after the server was ready')
    })
  })

  it.each([
    ['ops', false],
    [false, 'ops'],
    [undefined, 'ops'],
  ])('does not let a requirement change after the declaration: %j to %j', (before, after) => {
    const later = new TypeError(
      'GET /x: config.clientCert cannot be changed after the route was declared; set it in the declaration, or in an onRoute hook',
    )
    const route = routeOf(before === undefined ? {} : { clientCert: before })
    create().add(route)
    expect(() => {
      route.config.clientCert = after as never
    }).toThrow(later)
    expect(() => {
      route.config = { clientCert: after } as never
    }).toThrow(later)
    expect({ ...route.config }.clientCert).toBe(before)
    expect(Object.hasOwn({ ...route.config }, 'clientCert')).toBe(before !== undefined)
  })

  it('refuses a requirement next to config that comes after the declaration', () => {
    const guards = create()
    const route = routeOf()
    guards.add(route)
    Object.assign(route, { clientCert: 'ops' })
    expect(() => guards.complete(undeclared)).toThrow('GET /x: unknown option clientCert')
  })

  it('gives no guard for a config that was changed while requests come', () => {
    const guards = create()
    const [guarded, open, plain] = [routeOf({ clientCert: 'ops' }), routeOf({ clientCert: false }), routeOf()]
    for (const route of [guarded, open, plain]) guards.add(route)
    guards.complete(undeclared)
    for (const [route, changed] of [
      [guarded, false],
      [open, 'ops'],
      [plain, false],
    ] as const) {
      const config = { ...route.config, method: 'GET', url: '/x', clientCert: changed }
      expect(() => guards.get(config)).toThrow(
        new TypeError(
          'GET /x: config.clientCert was changed after the server was ready, and the change cannot be enforced',
        ),
      )
    }
  })

  it('refuses two modes for the two urls of an earlier route', () => {
    const guards = create({ url: '/a', clientCert: 'ops', mode: 'report' }, { url: '/a/', clientCert: 'ops' })
    for (const url of ['/a', '/a/']) guards.addEarlier({ method: 'GET', url })
    expect(() => guards.complete(undeclared)).toThrow(
      new TypeError(
        'routes gives GET /a another mode than /a/, which the same route answers; write one mode for both urls',
      ),
    )
  })

  it('guards a handler for unknown paths by its own requirement, or by any verified certificate', () => {
    const guards = create()
    const [plain, strict, open] = [{}, { clientCert: 'ops' }, { clientCert: false }]
    for (const config of [plain, strict, open]) guards.addNotFound(config, '')
    guards.complete(undeclared)
    expect(guards.get(plain)?.guard.description).toBe('any verified certificate')
    expect(guards.get(strict)?.guard.description).toBe('policy ops')
    expect(guards.get(open)).toBeNull()
    expect(() => guards.addNotFound({ clientCert: undefined }, '')).toThrow(
      'the handler for unknown paths: config.clientCert: the requirement is undefined',
    )
    expect(() => guards.addNotFound({ clientcert: true }, '')).toThrow(
      'the handler for unknown paths: unknown option config.clientcert',
    )
  })

  it('lists the second route that Fastify declares for the root of a scope with a prefix', () => {
    const guards = create()
    const root = routeOf({ clientCert: 'ops' }, { url: '/v1', prefix: '/v1' } as object)
    guards.add(root)
    root.url = '/v1/'
    guards.add(routeOf(undefined, { url: '/', prefix: '' } as object))
    const asked: string[] = []
    guards.complete((url) => asked.push(url) > 0)
    expect(asked).toEqual(['/v1/'])
    expect(guards.list().map(({ url, requirement }) => [url, requirement])).toEqual([
      ['/v1', 'policy ops'],
      ['/', 'any verified certificate'],
      ['/v1/', 'policy ops'],
    ])
  })

  it('lists the second route next to one of another method, and none for an empty url without a prefix', () => {
    const guards = create()
    guards.add(routeOf(undefined, { url: '/v1', prefix: '/v1' } as object))
    guards.add(routeOf(undefined, { method: 'POST', url: '/v1/', prefix: '/v1' } as object))
    guards.add(routeOf(undefined, { url: '', prefix: '' } as object))
    guards.complete(declared)
    expect(guards.list().map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1',
      'POST /v1/',
      'GET ',
      'GET /v1/',
    ])
  })

  it('lists a route once that the application declares with a slash itself', () => {
    const guards = create()
    for (const url of ['/v1', '/v1/']) guards.add(routeOf(undefined, { url, prefix: '/v1' } as object))
    guards.complete(declared)
    expect(guards.list().map(({ url }) => url)).toEqual(['/v1', '/v1/'])
  })

  it('tells a route with a guard of any registration from others, with its config too', () => {
    const route = routeOf({ clientCert: 'ops' })
    expect([hasGuard(route), hasGuard(routeOf(undefined))]).toEqual([false, false])
    create().add(route)
    expect(hasGuard(route)).toBe(true)
    expect(hasGuard({ ...routeOf(undefined), config: route.config } as never)).toBe(false)
  })
})
