import { lineStream } from '@countersign/test-support/line-stream'
import fc from 'fast-check'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

/** A requirement as a random application writes it; `none` is none at all. */
export type Written = 'none' | true | false | 'ops'

/** A rule of the option `routes`. */
export interface Rule {
  readonly method?: string
  readonly url: string
  readonly clientCert: Exclude<Written, 'none'>
}

/** The options that belong to the wiring. */
export interface WiringOptions {
  readonly routes?: readonly Rule[]
  readonly hooksInFront?: readonly string[]
}

/** Registers the plugin under test in a scope. */
export type Register = (scope: FastifyInstance, options: WiringOptions) => Promise<unknown>

/** A step of an application, in the order of its source. */
export type Step =
  | {
      readonly kind: 'route'
      readonly method: string | readonly string[]
      readonly path: string
      readonly written: Written
      /** The requirement stands where nothing reads it. */
      readonly stray?: 'beside' | 'misspelt' | 'inherited' | undefined
      readonly host?: string | undefined
    }
  | { readonly kind: 'hook'; readonly at: 'onRequest' | 'preParsing' | 'preHandler'; readonly answers: boolean }
  | { readonly kind: 'onRoute'; readonly how: 'replace' | 'mutate' | 'clone' | 'late'; readonly written: Written }
  | { readonly kind: 'notFound'; readonly written: Written }
  | { readonly kind: 'scope'; readonly prefix: string; readonly wrapped: boolean; readonly steps: readonly Step[] }
  | { readonly kind: 'register' }

/** A random application. The plugin is registered once, anywhere in it. */
export interface RandomApp {
  readonly steps: readonly Step[]
  readonly exposeHeadRoutes: boolean
  readonly options: WiringOptions
}

/** The value, or as many times as `weight` states the usual one. */
const rarely = <Value, Usual>(value: fc.Arbitrary<Value>, usual: Usual, weight: number): fc.Arbitrary<Value | Usual> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight }, { arbitrary: value, weight: 1 })

const written = fc.constantFrom<Written>('none', 'none', true, false, 'ops')
const path = fc.constantFrom('/', '/x', '/y', '/:id', '/x/*', '*')

const route: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('route' as const),
  method: fc.constantFrom<string | string[]>(
    'GET',
    'GET',
    'POST',
    'OPTIONS',
    'HEAD',
    ['GET', 'POST'],
    ['GET', 'OPTIONS'],
  ),
  path,
  written,
  stray: rarely(fc.constantFrom('beside' as const, 'misspelt' as const, 'inherited' as const), undefined, 40),
  host: rarely(fc.constant('b.example'), undefined, 10),
})
const hook: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('hook' as const),
  at: fc.constantFrom('onRequest' as const, 'onRequest' as const, 'preParsing' as const, 'preHandler' as const),
  answers: fc.boolean(),
})
const onRoute: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('onRoute' as const),
  how: fc.constantFrom('replace' as const, 'mutate' as const, 'clone' as const, 'late' as const),
  written,
})
const notFound: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('notFound' as const),
  written: fc.constantFrom<Written>('none', 'none', 'ops', false),
})

const { steps, scope } = fc.letrec<{ steps: Step[]; scope: Step }>((tie) => ({
  scope: fc.record({
    kind: fc.constant('scope' as const),
    prefix: fc.constantFrom('', '/a', '/b'),
    wrapped: fc.boolean(),
    steps: tie('steps'),
  }),
  steps: fc.array(
    fc.oneof(
      { maxDepth: 2, depthIdentifier: 'scopes' },
      { arbitrary: route, weight: 8 },
      { arbitrary: hook, weight: 1 },
      { arbitrary: onRoute, weight: 2 },
      { arbitrary: notFound, weight: 1 },
      { arbitrary: tie('scope'), weight: 3 },
    ),
    { maxLength: 5, depthIdentifier: 'scopes' },
  ),
}))

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    url: fc.constantFrom('/x', '/a', '/a/*', '/a/x', '/b*', '*', '/x/*'),
    method: fc.constantFrom('GET', 'POST', 'OPTIONS'),
    clientCert: fc.constantFrom<Rule['clientCert']>(true, false, 'ops'),
  },
  { requiredKeys: ['url', 'clientCert'] },
)

const step = fc.oneof(
  { arbitrary: hook, weight: 2 },
  { arbitrary: onRoute, weight: 1 },
  { arbitrary: notFound, weight: 1 },
  { arbitrary: route, weight: 1 },
  { arbitrary: scope, weight: 2 },
)
/** Steps where an application should have none. */
const misplaced = rarely(fc.array(step, { minLength: 1, maxLength: 2 }), [] as Step[], 1)

/** Steps with the registration among them: in the root, or in a scope with steps around it. */
const registered: fc.Arbitrary<readonly Step[]> = fc
  .record({
    around: rarely(
      fc.record({
        before: misplaced,
        prefix: fc.constantFrom('', '/a'),
        wrapped: fc.boolean(),
        after: steps,
      }),
      undefined,
      2,
    ),
    before: misplaced,
    after: steps,
  })
  .map(({ around, before, after }) => {
    const inner: Step[] = [...before, { kind: 'register' }, ...after]
    if (around === undefined) return inner
    const { prefix, wrapped } = around
    return [...around.before, { kind: 'scope', prefix, wrapped, steps: inner }, ...around.after]
  })

/** Applications with the registration in the root or in a scope, first or after other steps. */
export const randomApp: fc.Arbitrary<RandomApp> = fc
  .record({
    steps: registered,
    exposeHeadRoutes: fc.boolean(),
    rules: rarely(fc.array(rule, { minLength: 1, maxLength: 2 }), [], 2),
    hooksInFront: rarely(fc.constantFrom(['answer'], ['pass']), [], 8),
  })
  .map(({ steps, exposeHeadRoutes, rules, hooksInFront }) => ({
    steps,
    exposeHeadRoutes,
    options: {
      ...(rules.length > 0 && { routes: rules }),
      ...(hooksInFront.length > 0 && { hooksInFront }),
    },
  }))

/** The facts that a test reads from a built application. */
export interface Built {
  readonly app: FastifyInstance
  /** The scope in which the plugin was registered. */
  scope(): FastifyInstance | undefined
  /** The urls of all routes, with values for their parameters. */
  readonly urls: ReadonlySet<string>
  /** Whether a route of the scope has a requirement where nothing reads it. */
  hasStray(): boolean
  /** The routes, such as `GET /x`, of which the plugin warned at the start that it does not protect them. */
  readonly warnedOf: ReadonlySet<string>
}

/**
 * Builds the application. Each handler and each hook that answers states in the headers of its answer the requirement
 * that the request's config shows, and whether it is in the scope of the plugin.
 */
export async function buildApp({ steps, exposeHeadRoutes, options }: RandomApp, register: Register): Promise<Built> {
  const warnedOf = new Set<string>()
  const stream = lineStream((line) => {
    for (const route of JSON.parse(line).routes ?? []) warnedOf.add(route)
  })
  const app = Fastify({ exposeHeadRoutes, logger: { level: 'warn', stream } }) as unknown as FastifyInstance
  const urls = new Set<string>()
  let registered: FastifyInstance | undefined
  let stray = false
  // Such a hook can take the config away with the stray requirement in it.
  const replacesConfigs = /"how":"(?:replace|mutate|clone)"/.test(JSON.stringify(steps))
  const isInside = (scope: FastifyInstance) =>
    registered !== undefined && (registered === scope || Object.prototype.isPrototypeOf.call(registered, scope))

  const testify = (what: string) => (request: FastifyRequest, reply: FastifyReply) => {
    const { config } = request.routeOptions
    const shown = Object.hasOwn(config, 'clientCert') ? (config as { clientCert?: unknown }).clientCert : 'none'
    reply.headers({
      'x-ran': what,
      'x-shown': JSON.stringify(shown),
      'x-inside': String(isInside(request.server)),
      'x-url': String(config.url ?? ''),
    })
    return reply.send('open')
  }

  async function run(scope: FastifyInstance, step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'register':
        await register(scope, options)
        registered = scope
        return
      case 'scope': {
        const inner = async (child: FastifyInstance) => {
          for (const each of step.steps) await run(child, each)
        }
        return scope.register(step.wrapped ? fp(inner) : inner, { prefix: step.prefix })
      }
      case 'route':
        if (isInside(scope) && (step.stray === 'beside' || (step.stray && !replacesConfigs))) stray = true
        return declare(scope, step, testify('handler'))
      case 'hook':
        return scope.addHook(step.at as 'onRequest', hookOf(step, testify(step.at)))
      case 'onRoute':
        return addOnRoute(scope, step)
      case 'notFound': {
        const config = step.written === 'none' ? {} : { clientCert: step.written }
        return scope.setNotFoundHandler({ config } as object, testify('notFound'))
      }
    }
  }

  app.addHook('onRoute', ({ url }) => void urls.add(url.replace(':id', 'id').replace('*', 'rest')))
  for (const step of steps) await run(app, step)
  await app.ready()
  return { app, urls, scope: () => registered, hasStray: () => stray, warnedOf }
}

const configOf = (written: Written) => (written === 'none' ? {} : { clientCert: written })

function declare(
  scope: FastifyInstance,
  { method, path, written, stray, host }: Extract<Step, { kind: 'route' }>,
  handler: (request: FastifyRequest, reply: FastifyReply) => unknown,
): void {
  const url = path === '*' || path.startsWith('/') ? path : `/${path}`
  const config =
    stray === undefined ? configOf(written) : stray === 'inherited' ? Object.create({ clientCert: 'ops' }) : {}
  scope.route({
    method: (typeof method === 'string' ? method : [...method]) as 'GET',
    url,
    config: stray === 'misspelt' ? ({ clientCerts: 'ops' } as object) : config,
    ...(host && { constraints: { host } }),
    ...((stray === 'beside' && { clientCert: 'ops' }) as object),
    handler,
  })
}

function hookOf(
  { at, answers }: Extract<Step, { kind: 'hook' }>,
  answer: (...of: [FastifyRequest, FastifyReply]) => unknown,
) {
  if (answers) {
    return {
      async answer(request: FastifyRequest, reply: FastifyReply) {
        await answer(request, reply)
      },
    }.answer
  }
  // A hook of this kind gets the payload too, and passes it on.
  if (at === 'preParsing') return async function pass() {} as never
  return async function pass() {}
}

function addOnRoute(scope: FastifyInstance, { how, written }: Extract<Step, { kind: 'onRoute' }>): void {
  const routes: RouteOptions[] = []
  scope.addHook('onRoute', (route) => {
    switch (how) {
      case 'replace':
        route.config = configOf(written) as never
        break
      case 'mutate':
        route.config = Object.assign(route.config ?? {}, configOf(written)) as never
        break
      case 'clone':
        route.config = JSON.parse(JSON.stringify(route.config ?? {}))
        break
      case 'late':
        routes.push(route)
    }
  })
  if (how !== 'late') return
  scope.addHook('onReady', async () => {
    for (const route of routes) Object.assign(route.config ?? {}, configOf(written))
  })
}
