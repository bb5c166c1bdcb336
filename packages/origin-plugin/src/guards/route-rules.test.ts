import { describe, expect, it } from 'vitest'
import { createGuardCompiler } from './compile-guard.ts'
import { optional } from './requirement.ts'
import { compileRouteRules } from './route-rules.ts'

const compiler = createGuardCompiler({ ops: { subject: { OU: 'Ops' } }, dev: { subject: { OU: 'Dev' } } })
const compile = (...rules: unknown[]) => compileRouteRules(rules, compiler)

/** The `where` of the rule that covers a route, for rules that guard unless they must not. */
function covering(urls: readonly string[], url: string, methods = ['GET']): string | undefined {
  return compile(...urls.map((each) => ({ url: each, clientCert: 'ops' }))).of(methods, url)?.where
}

describe('compileRouteRules', () => {
  it('compiles the requirement of each rule', () => {
    const rules = compile(
      { url: '/a', clientCert: 'ops' },
      { url: '/b', clientCert: false },
      { url: '/c', clientCert: true },
    )
    expect(rules.of(['GET'], '/a')).toMatchObject({ requirement: 'ops', guard: { description: 'policy ops' } })
    expect(rules.of(['GET'], '/b')).toMatchObject({ requirement: false, guard: null })
    expect(rules.of(['GET'], '/c')).toMatchObject({
      requirement: true,
      guard: { description: 'any verified certificate' },
    })
  })

  it('finds the mode of a route apart from its requirement', () => {
    const rules = compile(
      { url: '/a/*', clientCert: 'ops' },
      { url: '/a/b/*', mode: 'enforce' },
      { url: '/c', clientCert: true, mode: 'report' },
    )
    const found = (url: string) => [rules.of(['GET'], url)?.requirement, rules.modeOf(['GET', 'POST'], url)]
    expect(['/a/x', '/a/b/x', '/c', '/d'].map(found)).toEqual([
      ['ops', undefined],
      ['ops', 'enforce'],
      [true, 'report'],
      [undefined, undefined],
    ])
    expect(() => rules.requireUsed()).not.toThrow()
  })

  it('refuses a mode for some methods of a route', () => {
    const rules = compile({ method: 'POST', url: '/a', mode: 'report' })
    expect(rules.modeOf(['POST'], '/a')).toBe('report')
    expect(() => rules.modeOf(['GET', 'POST'], '/a')).toThrow(
      new TypeError(
        'routes[0] covers some methods of the route GET,POST /a only; write a rule for all of them, or declare a route for each method',
      ),
    )
  })

  it('finds the mode of unknown paths by the longest beginning of all of them, for every method', () => {
    const rules = compile(
      { url: '/a/*', mode: 'enforce' },
      { url: '/a/b/*', mode: 'report' },
      { url: '/a/b/c/', mode: 'enforce' },
      { url: '/c/*', mode: 'enforce', method: 'GET' },
      { url: '/d*', clientCert: 'ops' },
    )
    const modes = ['', '/a', '/a/x', '/a/b', '/a/b/c', '/ab', '/c', '/d'].map(rules.modeOfUnknown)
    expect(modes).toEqual([undefined, 'enforce', 'enforce', 'report', 'report', undefined, undefined, undefined])
    expect(() => rules.requireUsed()).toThrow('routes[2] covers no route; ')
  })

  it('refuses a mode that covers no route', () => {
    const rules = compile({ url: '/a', mode: 'report' })
    expect(rules.of(['GET'], '/a')).toBeUndefined()
    expect(() => rules.requireUsed()).toThrow('routes[0] covers no route; ')
  })

  it('compiles an optional requirement, but not for every url', () => {
    const rules = compile({ url: '/login/*', clientCert: optional('ops') })
    expect(rules.of(['GET'], '/login')?.guard).toMatchObject({
      optional: true,
      description: 'no certificate, or policy ops',
    })
    for (const url of ['*', '/*']) {
      expect(() => compile({ url, clientCert: optional('ops') })).toThrow(
        new TypeError(
          'routes[0] would admit clients without a certificate to every route; write the urls of the optional routes',
        ),
      )
      expect(() => compile({ url, method: 'OPTIONS', clientCert: optional('ops') })).not.toThrow()
    }
  })

  it.each<[string, string[]]>([
    ['/metrics', ['/metrics']],
    ['/docs/*', ['/docs', '/docs/', '/docs/*', '/docs/static/*', '/docs/json']],
    ['/docs*', ['/docs', '/docs/', '/docs/json', '/docs-of-ops']],
    ['/:tenant/docs', ['/:tenant/docs']],
    ['/*', ['/', '/docs', '*', '/*']],
    ['*', ['/', '/docs', '*', '/*']],
  ])('covers with the url %s: %j', (rule, urls) => {
    for (const url of urls) expect(covering([rule], url), url).toBe('routes[0]')
  })

  it.each<[string, string[]]>([
    ['/metrics', ['/metrics/', '/metric', '/metrics/x', '/', '*', '/METRICS']],
    ['/docs/*', ['/doc', '/docsx', '/', '*', '/x/docs/']],
    ['/docs*', ['/doc', '/x/docs', '*']],
    ['/:tenant/docs', ['/:id/docs', '/acme/docs']],
  ])('does not cover with the url %s: %j', (rule, urls) => {
    for (const url of urls) expect(covering([rule], url), url).toBeUndefined()
  })

  it('prefers an exact url, then the longest beginning, in any order of the rules', () => {
    const urls = ['*', '/docs/*', '/docs/api/*', '/docs/api/json']
    for (const order of [urls, urls.toReversed(), ['/docs/api/*', '/docs/api/json', '*', '/docs/*']]) {
      const found = (url: string) => order[Number(covering(order, url)?.slice(7, -1))]
      expect(found('/docs/api/json')).toBe('/docs/api/json')
      expect(found('/docs/api/yaml')).toBe('/docs/api/*')
      expect(found('/docs/api')).toBe('/docs/api/*')
      expect(found('/docs/x')).toBe('/docs/*')
      expect(found('/other')).toBe('*')
    }
  })

  it('covers the methods of a rule only, and HEAD with GET', () => {
    const rules = compile(
      { method: ['GET', 'POST'], url: '/a', clientCert: 'ops' },
      { method: 'PUT', url: '/a', clientCert: 'dev' },
    )
    for (const method of ['GET', 'HEAD', 'POST']) expect(rules.of([method], '/a')?.where, method).toBe('routes[0]')
    expect(rules.of(['PUT'], '/a')?.where).toBe('routes[1]')
    expect(rules.of(['DELETE'], '/a')).toBeUndefined()
    expect(rules.of(['GET', 'POST'], '/a')?.where).toBe('routes[0]')
    expect(compile({ method: 'HEAD', url: '/a', clientCert: 'ops' }).of(['GET'], '/a')).toBeUndefined()
  })

  it('covers a route whose methods have equal rules', () => {
    const requirement = () => ({ subject: { OU: ['Ops'] } })
    const rules = compile(
      { method: 'GET', url: '/a', clientCert: requirement() },
      { method: 'POST', url: '/a', clientCert: requirement() },
    )
    expect(rules.of(['GET', 'POST'], '/a')?.where).toBe('routes[0]')
    expect(() => rules.requireUsed()).not.toThrow()
  })

  it('refuses to guard some methods of a route only', () => {
    const message = (url: string) =>
      new TypeError(
        `routes[0] covers some methods of the route GET,POST ${url} only; write a rule for all of them, or declare a route for each method`,
      )
    const rules = compile(
      { method: 'GET', url: '/a', clientCert: 'ops' },
      { method: 'POST', url: '/a', clientCert: false },
    )
    expect(() => rules.of(['GET', 'POST'], '/a')).toThrow(message('/a'))
    const half = compile({ method: 'POST', url: '/b', clientCert: 'ops' })
    expect(() => half.of(['GET', 'POST'], '/b')).toThrow(message('/b'))
  })

  it('does not open a route for some of its methods', () => {
    const rules = compile({ method: 'OPTIONS', url: '*', clientCert: false })
    expect(rules.of(['GET', 'OPTIONS'], '/a')).toBeUndefined()
    expect(() => rules.requireUsed()).toThrow('routes[0] covers no route')
    expect(rules.of(['OPTIONS'], '*')).toMatchObject({ guard: null })
  })

  it('refuses a rule that covers no route', () => {
    const rules = compile({ url: '/a', clientCert: true }, { url: '/b/*', clientCert: true })
    rules.of(['GET'], '/a')
    expect(() => rules.requireUsed()).toThrow(
      new TypeError(
        'routes[1] covers no route; write the method and the url of a route as it was declared, with its prefix (/b/* is neither such a url nor its beginning with *)',
      ),
    )
    rules.of(['GET'], '/b/x')
    expect(() => rules.requireUsed()).not.toThrow()
  })

  it.each<[unknown, string]>([
    [null, 'routes[0] must be an object'],
    [{ url: '/a' }, 'routes[0].clientCert is missing; write a requirement, or false for public routes'],
    [{ url: '/a', clientCert: undefined }, 'routes[0]: option "clientCert" is undefined; set a value or remove it'],
    [{ url: '/a', mode: 'off' }, 'routes[0].mode must be "enforce" or "report"'],
    [
      { url: '/a', clientCert: false, mode: 'report' },
      'routes[0].mode has no effect, because clientCert: false makes the routes public; remove it',
    ],
    [
      { url: '*', mode: 'report' },
      'routes[0].mode would be the mode of all routes; write it as the option mode of the plugin',
    ],
    [
      { url: '/a', clientCert: true, methods: 'GET' },
      'routes[0]: unknown option "methods"; known options are method, url, clientCert, mode',
    ],
    [{ url: '/a', clientCert: 'opps' }, 'routes[0].clientCert: unknown policy "opps"; known policies are ops, dev'],
    ...[undefined, '', 'docs', 'docs/*', '**', /^\/docs/].map((url): [unknown, string] => [
      { ...(url !== undefined && { url }), clientCert: true },
      'routes[0].url must be the url of a route, such as "/metrics", or its beginning with "*"',
    ]),
    ...['get', '', [], ['GET', 'get'], 1, null].map((method): [unknown, string] => [
      { method, url: '/a', clientCert: true },
      'routes[0].method must be a method in capitals such as "GET", or a list of methods',
    ]),
    ...['*', '/*'].flatMap((url) =>
      [undefined, 'GET', ['OPTIONS', 'GET']].map((method): [unknown, string] => [
        { ...(method && { method }), url, clientCert: false },
        'routes[0] would make every route public; write the urls of the public routes',
      ]),
    ),
  ])('refuses %j', (rule, message) => {
    expect(() => compile(rule)).toThrow(new TypeError(message))
  })

  it.each([
    [{ url: '/a' }, { method: 'GET', url: '/a' }],
    [{ method: 'GET', url: '/a' }, { url: '/a' }],
    [
      { method: 'GET', url: '/a' },
      { method: ['POST', 'HEAD'], url: '/a' },
    ],
    [{ url: '/a/*' }, { url: '/a/*' }],
  ])('refuses two rules for the same routes: %j and %j', (first, second) => {
    expect(() => compile({ ...first, clientCert: 'ops' }, { ...second, clientCert: 'dev' })).toThrow(
      new TypeError('routes[1] covers the same routes as routes[0]; write one rule for each of them'),
    )
  })

  it.each([undefined, null, {}, '/a'])('refuses %j in place of the list', (given) => {
    expect(() => compileRouteRules(given, compiler)).toThrow(
      new TypeError('routes must be a list of { method, url, clientCert }'),
    )
  })
})
