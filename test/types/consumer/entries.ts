import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign, {
  type AccessTeamOptions,
  allOf,
  anyOf,
  type ClientCert,
  type CountersignError,
  type CountersignPluginOptions,
  type GuardFunction,
  isCountersignError,
  not,
  type RefusedMessage,
  type ReplayStore,
} from '@countersign/origin-plugin'
import { explainRequests } from '@countersign/origin-plugin/explain'
import { redisReplayStore } from '@countersign/origin-plugin/redis'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { countersign as sign } from '@countersign/worker'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { createClient } from 'redis'

/** Values of the environment may be missing: the options take them, and the start refuses a missing one. */
const access: AccessTeamOptions = { team: process.env['ACCESS_TEAM'], audience: process.env['ACCESS_AUDIENCE'] }
export const options: CountersignPluginOptions = {
  edge: {
    keys: process.env['COUNTERSIGN_KEYS'],
    hosts: process.env['COUNTERSIGN_HOSTS'],
    replay: redisReplayStore(new Redis()),
  },
  access,
  trustedIssuers: null,
  policies: { ops: allOf({ subject: { OU: 'Ops' } }, not({ issuer: 'CN=Other CA' })), any: anyOf('ops', () => true) },
}
export const stores: ReplayStore[] = [redisReplayStore(createClient()), { spend: async () => true }]
export const onlyOps: GuardFunction = (cert, request) => cert.subject.OU === 'Ops' && request.method === 'GET'

/** Errors and refusals. */
const app = Fastify({ loggerInstance: pino() })
app.setErrorHandler((error, _request, reply) => {
  if (!isCountersignError(error)) throw error
  const refusal: CountersignError = error
  return reply.code(refusal.statusCode).send({ code: refusal.code })
})
export const reasonOf = ({ request, reason }: RefusedMessage): string => `${request.url}: ${reason}`
export const namesOf = ({ subject, subjectAltNames }: ClientCert): readonly string[] =>
  [subject.CN, ...(subjectAltNames?.dns ?? [])].filter((name) => name !== undefined)

/** The test kit, the explanation and the Worker. */
const edge = await createTestEdge()
await app.register(countersign, { ...edge.options })
export const answer = await edge.inject(app, { url: '/ops', cert: { subject: 'CN=pay-1,O=Acme' } })
export const overHttp2 = await edge.inject(Fastify({ http2: true }), { url: '/ops' })
export const [explanation] = await explainRequests([{ method: 'GET', target: '/', rawHeaders: [] }], edge.options)
export const signed: Request = await sign(new Request('https://app.example.com'), { key: '{}' })
export const names: string[] = CERTIFICATE_HEADERS.map(({ name }) => name)
