import { channel } from 'node:diagnostics_channel'
import type {
  FastifyInstance,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import type { AccessIdentity } from './access-token/access-identity.ts'
import { authenticate } from './authenticate.ts'
import { backgroundTasks } from './background-tasks.ts'
import type { ClientCert } from './client-cert.ts'
import { type CountersignError, isCountersignError } from './errors.ts'
import { applyGuard } from './guards/apply-guard.ts'
import { ANY_VERIFIED, type Guard } from './guards/guard.ts'
import type { Requirement } from './guards/requirement.ts'
import { type ClientCertRoute, createRouteGuards, type RouteGuard } from './guards/routes.ts'
import { andThen } from './lib/and-then.ts'
import type { CountersignPluginOptions } from './options.ts'
import { requireFirst } from './registration-order.ts'
import { resolveOptions, type Settings } from './resolve-options.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The client's proven certificate; `null` on a public route. */
    clientCert: ClientCert | null
    /** Whom Access admitted; `null` on a public route and with `access: null`. */
    access: AccessIdentity | null
  }
  interface FastifyInstance {
    /**
     * A hook that asks for more than the route's config does.
     *
     * @throws TypeError at once, when the requirement is wrong
     */
    requireClientCert(requirement: Requirement): onRequestAsyncHookHandler
    /** Every route in the plugin's scope, with how it is protected. */
    clientCertRoutes(): ClientCertRoute[]
  }
  interface FastifyContextConfig {
    /** What the route asks of the client certificate; `false` makes the route public. Default `true`: any verified one. */
    clientCert?: Requirement | false
  }
}

/** What is published on the diagnostics channel `countersign:refused`. */
export interface RefusedMessage {
  readonly request: FastifyRequest
  readonly error: CountersignError
}

const refused = channel('countersign:refused')

/**
 * The Fastify plugin: verifies every request in its scope, and guards routes by certificate.
 *
 * Register it before the routes, with `await`, so that every route passes its hooks.
 *
 * @throws TypeError (from `register`) for a wrong option, with a sentence that says what to write
 * @example
 * ```ts
 * await app.register(countersign, {
 *   edge: { keys: JSON.parse(process.env.COUNTERSIGN_KEYS) },
 *   access: { team: 'acme', audience: process.env.ACCESS_AUD },
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
  requireFirst(app)
  const settings = resolveOptions(options, (reason) => app.log.warn({ reason }, 'countersign: degraded'))
  const guards = createRouteGuards(settings.guards)

  app.decorateRequest('clientCert', null)
  app.decorateRequest('access', null)
  app.decorate('clientCertRoutes', () => guards.list())
  app.decorate('requireClientCert', (requirement) => {
    const guard = settings.guards.compile(requirement, 'requireClientCert')
    // As an async function it is every kind of hook, whatever arguments come before done.
    return async (request, reply) => orRefuse(request, reply, () => applyGuard(guard, request))
  })

  app.addHook('onRoute', (route) => guards.add(route))
  app.addHook('onRequest', (request, reply, done) => {
    const guard = routeGuard(request)
    const admitted = guard && orRefuse(request, reply, () => admit(request, settings, guard))
    // Fastify waits for a promise or for done(), and done() alone costs nothing.
    if (admitted instanceof Promise) return admitted
    done()
  })

  const tasks = backgroundTasks(settings)
  app.addHook('onReady', async () => {
    await Promise.all(tasks.map((task) => task.start()))
  })
  app.addHook('onClose', async () => {
    for (const task of tasks) task.stop()
  })

  if (settings.edge === null) {
    app.log.warn(
      'countersign: edge is null. Nothing proves that the certificate headers were written at the edge: whoever holds an Access token and reaches this origin can claim any certificate',
    )
  }

  function routeGuard(request: FastifyRequest): RouteGuard {
    const guard = guards.get(request.routeOptions.config)
    if (guard !== undefined) return guard
    // A path that no route has: who may learn that it is missing is who may learn of any route.
    if (request.is404) return ANY_VERIFIED
    const { method, url } = request.routeOptions
    throw new TypeError(
      `the route ${method} ${url} was declared before countersign was registered: register countersign first`,
    )
  }
}

/** Finds out who came, and lets the route's guard decide. */
function admit(request: FastifyRequest, settings: Settings, guard: Guard): void | Promise<void> {
  return andThen(authenticate(request, settings), ({ clientCert, access }) => {
    request.clientCert = clientCert
    request.access = access
    applyGuard(guard, request)
  })
}

/** Runs a check, and makes a refusal known before Fastify answers with it. */
function orRefuse(
  request: FastifyRequest,
  reply: FastifyReply,
  check: () => void | Promise<void>,
): void | Promise<void> {
  try {
    const checked = check()
    return checked instanceof Promise ? checked.catch((error) => refuse(request, reply, error)) : checked
  } catch (error) {
    refuse(request, reply, error)
  }
}

function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): never {
  // Whatever a failed check has found out so far is not proven.
  request.clientCert = null
  request.access = null
  if (isCountersignError(error)) {
    const { code, statusCode, reason } = error
    request.log.warn({ code, statusCode, reason }, 'countersign: request refused')
    if (refused.hasSubscribers) refused.publish({ request, error } satisfies RefusedMessage)
  }
  if (request.raw.headers.upgrade !== undefined) hangUp(request, reply)
  throw error
}

/** A server that has taken a socket for a WebSocket has no time-out for it: refused, it would stay open for good. */
function hangUp(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('connection', 'close')
  reply.raw.once('finish', () => request.raw.socket.end())
}
