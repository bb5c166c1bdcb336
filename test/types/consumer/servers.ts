import countersign, {
  anyOf,
  type ClientCertRoute,
  type CountersignPluginOptions,
  clientCertOf,
  clientUserOf,
  optional,
  type Requirement,
  type RouteRequirement,
} from '@countersign/origin-plugin'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyTypeProvider,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerBase,
} from 'fastify'
import fp from 'fastify-plugin'
import { pino } from 'pino'

declare const options: CountersignPluginOptions
declare const tls: { readonly key: string; readonly cert: string }

const acme: Requirement = { subject: { O: 'Acme' } }

/** Every kind of server. Each has its own types of server, request, reply and logger. */
const plain = Fastify()
const logging = Fastify({ logger: true })
const withPino = Fastify({ loggerInstance: pino() })
const https = Fastify({ https: tls })
const http2 = Fastify({ http2: true })
const http2Secure = Fastify({ http2: true, https: { allowHTTP1: true, ...tls } })
const http2WithPino = Fastify({ http2: true, https: tls, loggerInstance: pino() })

await plain.register(countersign, options)
await logging.register(countersign, options)
await withPino.register(countersign, options)
await https.register(countersign, options)
await http2.register(countersign, options)
await http2Secure.register(countersign, options)
await http2WithPino.register(countersign, options)
plain.register(import('@countersign/origin-plugin'), options)
withPino.register(countersign, () => options)

plain.get('/hook', { onRequest: plain.requireClientCert('ops') }, (request) => clientCertOf(request).subject.CN)
logging.get('/hook', { onRequest: logging.requireClientCert('ops') }, (request) => clientCertOf(request).subject.CN)
withPino.get('/hook', { onRequest: withPino.requireClientCert('ops') }, (request) => clientCertOf(request).subject.CN)
https.get('/hook', { onRequest: [https.requireClientCert('ops')] }, (request) => clientCertOf(request).subject.CN)
http2.get('/hook', { onRequest: http2.requireClientCert('ops') }, (request) => clientCertOf(request).subject.CN)
http2Secure.get('/hook', { onRequest: http2Secure.requireClientCert(true) }, (request) => clientCertOf(request).subject)
http2WithPino.get('/hook', { onRequest: [http2WithPino.requireClientCert(true)] }, (request) => clientCertOf(request))

/** The hook fits every hook that runs before the handler. */
withPino.get<{ Params: { tenant: string } }>(
  '/hooks/:tenant',
  {
    onRequest: [withPino.requireClientCert('ops'), async (request) => request.log.info(request.params.tenant)],
    preParsing: withPino.requireClientCert('ops'),
    preValidation: withPino.requireClientCert('ops'),
    preHandler: withPino.requireClientCert('ops'),
    config: { clientCert: acme },
  },
  async (request) => ({ tenant: request.params.tenant, by: clientCertOf(request).issuer.O }),
)
withPino.addHook('onRequest', withPino.requireClientCert('ops'))
http2.addHook('preHandler', http2.requireClientCert('ops'))
http2Secure.route({
  method: 'GET',
  url: '/route',
  preHandler: http2Secure.requireClientCert({ san: { dns: 'pay.acme.example' } }),
  handler: (request) => clientCertOf(request).subject.CN,
})

/** The user has the type that the application declares, here in an example of the README. */
await withPino.register(countersign, { ...options, identify: async () => null })
http2.get('/user', (request) => clientUserOf(request))

/** The certificate of a route may be optional. */
withPino.get('/login', { config: { clientCert: optional(acme) } }, ({ clientCert }) => clientCert?.subject.CN ?? 'none')
export const requirements: RouteRequirement[] = [false, optional(), optional('ops'), acme]

/** Each requirement fits the config of a route, next to the keys of other plugins, and is read from there. */
for (const clientCert of requirements) plain.get('/each', { config: { clientCert, rateLimit: { max: 1 } } }, () => 'x')
plain.addHook('onRoute', (route) => {
  const own: RouteRequirement | undefined = route.config?.clientCert
  route.config = { ...route.config, clientCert: own ?? anyOf('ops', acme) }
})

/** A guard function may annotate its request with the types of its route or of its server. */
http2.get('/raw', { config: { clientCert: (_cert, request) => request.raw.httpVersionMajor === 2 } }, () => 'x')
plain.get<{ Params: { tenant: string } }>(
  '/:tenant',
  {
    config: {
      clientCert: (cert, request: FastifyRequest<{ Params: { tenant: string } }>) =>
        cert.subject.O === request.params.tenant,
    },
  },
  () => 'x',
)
http2.get(
  '/secure',
  {
    config: {
      clientCert: (_cert, request: FastifyRequest<{ Querystring: { a: string } }, typeof http2.server>) =>
        request.raw.stream.id !== undefined && request.query.a === 'b',
    },
  },
  () => 'x',
)
http2.requireClientCert((cert, request) => cert.subject.CN === request.hostname)

/** The list of routes, for every server. */
export const lists: ClientCertRoute[][] = [
  plain.clientCertRoutes(),
  withPino.clientCertRoutes(),
  https.clientCertRoutes(),
  http2.clientCertRoutes(),
  http2Secure.clientCertRoutes(),
]

/** Code that is generic over the server. */
export function guardEverything<
  Server extends RawServerBase,
  Logger extends FastifyBaseLogger,
  Provider extends FastifyTypeProvider,
>(
  app: FastifyInstance<
    Server,
    RawRequestDefaultExpression<Server>,
    RawReplyDefaultExpression<Server>,
    Logger,
    Provider
  >,
): ClientCertRoute[] {
  app.requireClientCert(acme)
  return app.clientCertRoutes()
}
export const everywhere = [guardEverything(plain), guardEverything(withPino), guardEverything(http2WithPino)]

/** A plugin of the application, as in a file of its own. */
export const routes = fp(async (app: FastifyInstance) => {
  app.get('/own', { config: { clientCert: false } }, async (request: FastifyRequest, reply: FastifyReply) =>
    reply.send(request.clientCert?.subject.CN ?? request.access?.kind),
  )
})

// @ts-expect-error: the text of an attribute
withPino.get('/wrong', { config: { clientCert: { subject: 1 } } }, () => 'x')
// @ts-expect-error: the hook is made by a call
http2.get('/uncalled', { onRequest: http2.requireClientCert }, () => 'x')
// @ts-expect-error: the hook is made by a call
plain.get('/uncalled', { preHandler: [plain.requireClientCert] }, () => 'x')
// @ts-expect-error: an unknown property
http2.requireClientCert({ subjct: { OU: 'Ops' } })
// @ts-expect-error: neither a number
plain.get('/number', { config: { clientCert: 1 } }, () => 'x')
// @ts-expect-error: nor null
plain.route({ method: 'GET', url: '/null', config: { clientCert: null }, handler: () => 'x' })
// @ts-expect-error: nor a list
withPino.get('/list', { config: { clientCert: ['ops'] } }, () => 'x')
// @ts-expect-error: nor a function that decides later
http2.get('/later', { config: { clientCert: async () => true } }, () => 'x')
// @ts-expect-error: the value of a property
plain.get('/subject', { config: { clientCert: { subject: 7 } } }, () => 'x')
// @ts-expect-error: the type of the requirement finds an unknown property, which Fastify's type of a config does not
plain.get('/unknown', { config: { clientCert: { subjekt: 'CN=a' } satisfies RouteRequirement } }, () => 'x')
// @ts-expect-error: optional() is around a whole requirement
http2.requireClientCert(optional('ops'))
// @ts-expect-error: the certificate may be null
plain.get('/maybe', (request) => request.clientCert.subject)
// @ts-expect-error: the options are required
await withPino.register(countersign, { edge: null })
