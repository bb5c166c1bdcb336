import type { ClientUser, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessIdentity } from './access-token/access-identity.ts'
import type { CertifiedRequest, ClientCert } from './client-cert.ts'
import { createTrustWatch, TRUST_WATCH } from './client-trust/trust-watch.ts'
import { type CountersignHealth, healthOf } from './countersign-health.ts'
import { admit, admitUnknown, requireOfHook } from './decision/admission.ts'
import { removeChallenge } from './decision/challenge.ts'
import { CACHE_CONTROL, decide, isReported, type PendingDecision, reportRefusal } from './decision/decide.ts'
import { decorateRequests, forgetRefused } from './decision/progress.ts'
import { requireReplayProtection } from './edge-signature/spend-nonce.ts'
import { isCountersignError } from './errors.ts'
import { channels } from './events/channels.ts'
import { dropsWarnings, warnOfLostReasons } from './events/refusal-log.ts'
import type {
  CertificateRequirement,
  Combination,
  GuardFunction,
  OptionalRequirement,
  Requirement,
} from './guards/requirement.ts'
import { type ClientCertRoute, createRouteGuards } from './guards/routes.ts'
import { missingProof } from './header-source.ts'
import { isThenable } from './lib/and-then.ts'
import { writeLine } from './lib/write-line.ts'
import { type CountersignPluginOptions, resolveOptions } from './options.ts'
import { HOOK_MAKER, isDirectCall, MADE_HOOK } from './registration/direct-hook.ts'
import { guardScope } from './registration/guard-scope.ts'
import { headerLimitAdvice } from './registration/header-limit.ts'
import { requireRegisteredOnce } from './registration/registration-order.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The client's proven certificate; `null` on a public route, and if the proof failed. On an optional route, `null` in
     * a handler proves that the client presented no certificate.
     *
     * An error handler gets it with a refusal of the guard or of `identify` too. The guard comes before the nonce, so
     * the refused request can then be a replay. In report mode the handler gets it with such a refusal, and a replay has
     * none.
     */
    clientCert: ClientCert | null
    /** The identity that Access admitted; `null` on a public route, if the proof failed, and with `access: null`. */
    access: AccessIdentity | null
    /**
     * The client's user, by the option `identify`; `null` without this option, on a public route, and where
     * {@link FastifyRequest.clientCert} is `null`. Requests of the client share it, so it is frozen.
     */
    clientUser: ClientUser | null
  }
  interface FastifyInstance {
    /**
     * Makes a hook that requires more of the client than the route's config does. On an optional route it requires a
     * certificate.
     *
     * `@fastify/auth` can combine it with other logins. The refusal is logged when it becomes the answer, so a request
     * that another login admits leaves no line.
     *
     * @throws TypeError immediately, if the requirement is wrong
     */
    requireClientCert(requirement: Requirement): ClientCertHook
    /** Lists every route in the plugin's scope with its protection. */
    clientCertRoutes(): ClientCertRoute[]
    /**
     * The health of the plugin, for a route that a monitor asks: the keys of Access, the revocation lists, the memory or
     * the store of nonces, and the mode. It needs no request and no network.
     *
     * @example
     * ```ts
     * app.get('/health', { config: { clientCert: false } }, async (_request, reply) => {
     *   const { state } = app.countersignHealth()
     *   return reply.code(state === 'failing' ? 503 : 200).send({ state })
     * })
     * ```
     */
    countersignHealth(): CountersignHealth
  }
  interface FastifyContextConfig {
    /**
     * The route's requirement on the client certificate. `optional(…)` admits clients without a certificate too, and
     * `false` makes the route public. The default `true` admits any verified certificate.
     *
     * An unknown property is an error at the start, and none of the compiler: Fastify intersects this type with the
     * inferred type of the config, which has that property. `satisfies RouteRequirement` finds it.
     */
    clientCert?: ConfiguredRequirement
  }
}

/**
 * A `RouteRequirement`, and no number, list or other function. Fastify intersects this type with the type of the
 * route's own config. An interface whose properties are all optional would then accept each of these.
 */
type ConfiguredRequirement =
  | boolean
  | string
  | GuardFunction
  | Combination
  | OptionalRequirement
  | (CertificateRequirement & object & { readonly length?: never })

/**
 * A hook of `app.requireClientCert()`, for every hook before the handler: `onRequest`, `preParsing`, `preValidation` and
 * `preHandler`. The server does not start with one elsewhere. It fits a server of any kind, with any logger
 * and type provider.
 *
 * @example
 * ```ts
 * const onlyOps: ClientCertHook = app.requireClientCert('ops')
 * app.addHook('preHandler', onlyOps)
 * ```
 */
export type ClientCertHook = (request: CertifiedRequest, reply: Pick<FastifyReply, 'sent'>) => Promise<void>

/**
 * The Fastify plugin: verifies every request in its scope, and guards routes by certificate.
 *
 * Register it before the routes, with `await`, so that its hooks apply to every route.
 *
 * @throws TypeError (from `register`) for a wrong option; the message states the correction
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 *
 * await app.register(countersign, {
 *   edge: { keys: process.env['COUNTERSIGN_KEYS'], hosts: ['app.example.com'] },
 *   access: { team: 'acme', audience: process.env['ACCESS_AUDIENCE'] },
 *   trustedIssuers: [readFileSync('client-ca.pem', 'utf8')],
 *   policies: { ops: { subject: { OU: 'Ops' } } },
 * })
 * app.get('/ops', { config: { clientCert: 'ops' } }, (request) => clientCertOf(request).subject.CN)
 * ```
 */
export const countersign: FastifyPluginCallback<CountersignPluginOptions> = fp<CountersignPluginOptions>(
  registerCountersign,
  {
    name: '@countersign/origin-plugin',
    fastify: '5.x',
  },
)

async function registerCountersign(app: FastifyInstance, options: CountersignPluginOptions): Promise<void> {
  requireRegisteredOnce(app)
  const settings = resolveOptions(options, (part, reason, state) => {
    writeLine(app.log, state === 'degraded' ? 'warn' : 'info', `countersign: ${state}`, { part, reason })
    channels.degraded.publish({ server: app, part, state, reason })
  })
  const guards = createRouteGuards(settings.guards, settings.routes, settings.mode)
  const trustWatch = createTrustWatch(() => settings.trustedIssuers.current)

  const unenforced = () => guards.list().filter(({ enforced }) => !enforced)

  decorateRequests(app)
  app.decorate('clientCertRoutes', () => guards.list())
  app.decorate('countersignHealth', () => healthOf(settings, unenforced().length))
  app.decorate(TRUST_WATCH, { watch: trustWatch, isEnforced: (config: object) => guards.isEnforced(config) })
  app.decorate('requireClientCert', Object.defineProperty(requireClientCert, 'name', { value: HOOK_MAKER }))

  const { hooksInFront, listenersInFront } = settings
  const requireEnforced = guardScope(app, {
    guards,
    guardRequest,
    guardUnknown,
    hideRefused,
    hooksInFront,
    listenersInFront,
  })
  // The refusals of hooks. Another login may admit their requests, so each is reported once it becomes the answer.
  const unanswered = new WeakSet()
  app.addHook('onError', async (request, reply, error) => {
    if (!unanswered.delete(error)) return
    // Another plugin may have chosen a status for refusals of every kind.
    if (isCountersignError(error)) reply.code(error.statusCode)
    reportRefusal({ request, reply, error, proven: identityOf(request), enforced: true })
  })
  app.addHook('onReady', () =>
    orClose(app, async () => {
      requireEnforced()
      const routes = unenforced().map(({ method, url }) => `${method} ${url}`)
      if (settings.mode === 'enforce' && routes.length > 0) {
        writeLine(app.log, 'warn', `countersign: ${RULED_OPEN}`, { routes })
      }
      await settings.background.start()
      await requireReplayProtection(settings.edge)
    }),
  )
  // Not at `onReady`: a test that uses inject() does not listen, and reads its refusals itself.
  app.addHook('onListen', async () => {
    if (dropsWarnings(app.log) && !channels.refused.hasSubscribers) warnOfLostReasons()
    const advice = settings.trustedIssuers.current?.some(({ chain }) => chain)
      ? headerLimitAdvice(app.server)
      : undefined
    if (advice !== undefined) app.log.warn(`countersign: ${advice}`)
  })
  app.addHook('onClose', async () => {
    settings.background.stop()
    trustWatch.stop()
  })
  beforeClose(app, () => settings.background.stop())

  if (settings.edge === null) {
    app.log.warn(`countersign: ${missingProof(settings.source.name, settings.trustedIssuers.current === null)}`)
  }
  if (settings.mode === 'report') app.log.warn(`countersign: ${NOTHING_REFUSED}`)

  function requireClientCert(requirement: Requirement, ...others: never[]): ClientCertHook {
    // A second requirement would be dropped, and the route would be open to more clients than it reads.
    if (others.length > 0) {
      throw new TypeError('requireClientCert takes one requirement; write requireClientCert(anyOf(…)) or allOf(…)')
    }
    const guard = settings.guards.compile(requirement, 'requireClientCert')
    // An async function fits every kind of hook, with any number of arguments before `done`.
    const hook: ClientCertHook = async (given, givenReply) => {
      const request = given as FastifyRequest
      // Attack: `@fastify/auth` takes a hook that passes for a login, so report mode would admit a client that
      // enforcement asks for another login. A hook in its list refuses in report mode too.
      const passes = isDirectCall() && !guards.isEnforced(request.routeOptions.config)
      if (passes && isReported(request)) return
      try {
        requireOfHook(guard, request)
      } catch (error) {
        if (passes) {
          const reply = givenReply as FastifyReply
          return reportRefusal({ request, reply, error, proven: identityOf(request), enforced: false })
        }
        unanswered.add(error as object)
        throw error
      }
    }
    return Object.defineProperty(hook, 'name', { value: MADE_HOOK })
  }

  function guardRequest(request: FastifyRequest, reply: FastifyReply, done: () => void): void | PromiseLike<void> {
    return guardWith(admit, request, reply, done)
  }

  function guardUnknown(request: FastifyRequest, reply: FastifyReply, done: () => void): void | PromiseLike<void> {
    if (isReported(request) && !guards.isEnforced(request.routeOptions.config)) return done()
    removeChallenge(reply)
    return guardWith(admitUnknown, request, reply, done)
  }

  function hideRefused(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    removeChallenge(reply)
    if (!isReported(request) || guards.isEnforced(request.routeOptions.config)) forgetRefused(request)
    done()
  }

  function guardWith(
    check: (decision: PendingDecision) => void | Promise<void>,
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
  ): void | PromiseLike<void> {
    const protection = guards.get(request.routeOptions.config)
    if (protection) reply.header('cache-control', CACHE_CONTROL)
    const decided = protection && decide(request, reply, protection, settings, check)
    // Fastify waits for a promise or for `done`. The promise would cost every request a turn of the microtask queue.
    if (isThenable(decided)) return decided
    done()
  }
}

const NOTHING_REFUSED =
  'mode is "report", so no request is refused but by rules with mode "enforce", and request.clientCert is null for a client that proves nothing. Each refusal that enforcement would make is logged'

const RULED_OPEN = 'these routes are in report mode by a rule, and refuse no request'

const identityOf = ({ clientCert, access }: FastifyRequest) => ({ clientCert, access })

/**
 * Calls `stop` as soon as `close` is called. Fastify runs the hooks of `close` after the start has ended, so a start
 * that waits for a server that hangs would hold up the end.
 */
function beforeClose(app: FastifyInstance, stop: () => void): void {
  let root = app
  while (!Object.hasOwn(root, 'close')) root = Object.getPrototypeOf(root)
  const close: (...given: unknown[]) => unknown = root.close
  Object.assign(root, {
    close(this: FastifyInstance, ...given: unknown[]) {
      stop()
      return close.apply(this, given)
    },
  })
}

/** Runs the checks of the start. inject() serves a server whose start has failed, but no closed one. */
async function orClose(app: FastifyInstance, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    app.close().catch(() => {})
    throw error
  }
}
