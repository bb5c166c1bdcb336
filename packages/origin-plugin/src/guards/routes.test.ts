import type { FastifyContextConfig, RouteOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { createGuardCompiler } from './compile-guard.ts'
import { createRouteGuards } from './routes.ts'

const create = () => createRouteGuards(createGuardCompiler({ ops: { subject: { OU: 'Ops' } } }))

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
    ['with a policy', { clientCert: 'ops' }, { protection: 'guarded', requirement: 'policy ops' }],
    ['with a requirement', { clientCert: { keyId: 'AB' } }, { protection: 'guarded', requirement: 'keyId=AB' }],
  ])('describes a route %s', (_what, config, description) => {
    const guards = create()
    guards.add(routeOf(config))
    expect(guards.list()).toEqual([{ method: 'GET', url: '/x', ...description }])
  })

  it('finds the guard by the config that the route has from then on', () => {
    const guards = create()
    const [open, guarded] = [routeOf({ clientCert: false }), routeOf({ clientCert: 'ops' })]
    guards.add(open)
    guards.add(guarded)
    expect(guards.get(open.config)).toBeNull()
    expect(guards.get({ ...open.config, url: '/x' }), 'as Fastify copies it').toBeNull()
    expect(guards.get(guarded.config)?.description).toBe('policy ops')
  })

  it('knows nothing of a config that was never added', () => {
    const guards = create()
    for (const config of [{}, { clientCert: false }, { guard: null }, { [Symbol('countersign.guard')]: null }]) {
      expect(guards.get(config)).toBeUndefined()
    }
  })

  it.each(['clientcert', 'ClientCert', 'clientCerts', 'client_cert', 'client-cert'])(
    'refuses config.%s, which would guard nothing',
    (key) => {
      expect(() => create().add(routeOf({ [key]: 'ops' }))).toThrow(
        new TypeError(`GET /x: unknown option config.${key}; write config.clientCert`),
      )
    },
  )

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
    expect(guards.get(first.config)?.description).toBe('policy ops')
    expect(guards.get(second.config)).toBeNull()
  })

  it('decides anew for a route that is declared with the config of another', () => {
    const guards = create()
    const open = routeOf({ clientCert: false })
    guards.add(open)
    const copied = routeOf({ ...open.config, clientCert: 'ops' })
    guards.add(copied)
    expect(guards.get(copied.config)?.description).toBe('policy ops')
  })

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'GET /x must be true'],
    ['null', null, 'GET /x must be true'],
    ['an unknown policy', 'opps', 'GET /x: unknown policy "opps"'],
    ['a typo', { subjekt: {} }, 'GET /x: unknown property "subjekt"'],
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
})
