import { channel } from 'node:diagnostics_channel'
import type { ClientUser, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessIdentity } from './access-token/access-identity.ts'
import { absenceOf, admit, admitUnknown, decorateRequests, forgetClient, forgetRefused } from './admission.ts'
import type { CertifiedRequest, ClientCert } from './client-cert.ts'
import { requireReplayProtection } from './edge-signature/spend-nonce.ts'
import { type CountersignError, isCountersignError, type StepName, stepOf } from './errors.ts'
import { applyGuard } from './guards/guard.ts'
import type { Requirement, RouteRequirement } from './guards/requirement.ts'
import { type ClientCertRoute, createRouteGuards } from './guards/routes.ts'
import { missingProof } from './header-source.ts'
import { isThenable } from './lib/and-then.ts'
import { type CountersignPluginOptions, resolveOptions } from './options.ts'
import { dropsWarnings, logRefusal, warnOfLostReasons } from './refusal-log.ts'
import { guardScope } from './registration/guard-scope.ts'
import { headerLimitAdvice } from './registration/header-limit.ts'
import { requireRegisteredOnce } from './registration/registration-order.ts'
import { HOOK_MAKER, MADE_HOOK } from './registration/require-enforced.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The client's proven certificate; `null` on a public route, and if the proof failed. On an optional route, `null` in
     * a handler proves that the client presented no certificate.
     *
     * An error handler gets it with a refusal of the guard or of `identify` too. The guard comes before the nonce, so
     * the refused request can then be a replay.
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
  }
  interface FastifyContextConfig {
    /**
     * The route's requirement on the client certificate. `optional(…)` admits clients without a certificate too, and
     * `false` makes the route public. The default `true` admits any verified certificate.
     */
    clientCert?: RouteRequirement
  }
}

/**
 * A hook of `app.requireClientCert()`, for every hook before the handler: `onRequest`, `preParsing`, `preValidation` and
 * `preHandler`. The server does not start with one elsewhere. It fits a server of any kind, with any logger
 * and type provider.
 */
export type ClientCertHook = (request: CertifiedRequest, reply: Pick<FastifyReply, 'sent'>) => Promise<void>

/** The message on the diagnostics channel `countersign:refused`. */
export interface RefusedMessage {
  readonly request: FastifyRequest
  readonly error: CountersignError
}

const refused = channel('countersign:refused')

/** Attack: a cache before the origin gives one client's answer to another. A handler's own `Cache-Control` replaces this. */
const CACHE_CONTROL = 'private, no-store'

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
  const settings = resolveOptions(options, (reason, state = 'degraded') =>
    app.log[state === 'degraded' ? 'warn' : 'info']({ reason }, `countersign: ${state}`),
  )
  const guards = createRouteGuards(settings.guards, settings.routes)

  decorateRequests(app)
  app.decorate('clientCertRoutes', () => guards.list())
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
    report(request, reply, error)
  })
  app.addHook('onReady', () =>
    orClose(app, async () => {
      requireEnforced()
      await settings.background.start()
      await requireReplayProtection(settings.edge)
    }),
  )
  // Not at `onReady`: a test that uses inject() does not listen, and reads its refusals itself.
  app.addHook('onListen', async () => {
    if (dropsWarnings(app.log) && !refused.hasSubscribers) warnOfLostReasons()
    const advice = settings.trustedIssuers?.some(({ chain }) => chain) ? headerLimitAdvice(app.server) : undefined
    if (advice !== undefined) app.log.warn(`countersign: ${advice}`)
  })
  app.addHook('onClose', async () => settings.background.stop())
  beforeClose(app, () => settings.background.stop())

  if (settings.edge === null) {
    app.log.warn(`countersign: ${missingProof(settings.source.name, settings.trustedIssuers === null)}`)
  }

  function requireClientCert(requirement: Requirement, ...others: never[]): ClientCertHook {
    // A second requirement would be dropped, and the route would be open to more clients than it reads.
    if (others.length > 0) {
      throw new TypeError('requireClientCert takes one requirement; write requireClientCert(anyOf(…)) or allOf(…)')
    }
    const guard = settings.guards.compile(requirement, 'requireClientCert')
    // An async function fits every kind of hook, with any number of arguments before `done`.
    const hook: ClientCertHook = async (given) => {
      const request = given as FastifyRequest
      try {
        forgetRefused(request)
        applyGuard(guard, request, absenceOf(request))
      } catch (error) {
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
    return guardWith(admitUnknown, request, reply, done)
  }

  function hideRefused(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
    forgetRefused(request)
    done()
  }

  function guardWith(
    check: typeof admit,
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
  ): void | PromiseLike<void> {
    const guard = guards.get(request.routeOptions.config)
    if (guard) reply.header('cache-control', CACHE_CONTROL)
    const checked = guard && orRefuse(request, reply, () => check(request, guard, settings))
    // Fastify waits for a promise or for `done`. The promise would cost every request a turn of the microtask queue.
    if (isThenable(checked)) return checked
    done()
  }
}

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

/** Runs a check, and reports a refusal before Fastify answers with it. */
function orRefuse(
  request: FastifyRequest,
  reply: FastifyReply,
  check: () => void | Promise<void>,
): void | Promise<void> {
  try {
    const checked = check()
    return isThenable(checked) ? checked.then(undefined, (error) => refuse(request, reply, error)) : checked
  } catch (error) {
    refuse(request, reply, error)
  }
}

function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): never {
  report(request, reply, error)
  throw error
}

/**
 * The steps that refuse a client whose identity is proven. The replay is not one of them: this client did not send the
 * request.
 */
const PROVEN: ReadonlySet<StepName> = new Set(['guard', 'user'])

/** Reports a refusal to the operator, and prepares its answer. */
function report(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  reply.header('cache-control', CACHE_CONTROL)
  if (!isCountersignError(error) || !PROVEN.has(stepOf(error))) {
    forgetClient(request)
  }
  if (isCountersignError(error)) {
    logRefusal(request, error)
    if (refused.hasSubscribers) refused.publish({ request, error } satisfies RefusedMessage)
  }
  if (request.raw.headers.upgrade !== undefined) hangUp(request, reply)
}

/** A server has no time-out for a socket that it took for a WebSocket. Refused, it would stay open forever. */
function hangUp(request: FastifyRequest, reply: FastifyReply): void {
  // An injected handshake has a socket in its answer alone. The answer gives it up when it is finished.
  const socket = request.raw.socket ?? reply.raw.socket
  reply.header('connection', 'close')
  reply.raw.once('finish', () => socket?.end())
}
