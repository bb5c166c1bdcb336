import { randomBytes } from 'node:crypto'
import { argv, memoryUsage } from 'node:process'
import countersign, { type CountersignPluginOptions, type Requirement } from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import Fastify, { type FastifyInstance } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { createFastCa, createFastTeam } from '../lib/fast-identities.ts'
import { median } from '../lib/stats.ts'
import { answer, createRequests, type Fields } from './answer.ts'

/** Measures one point of one curve: `node --expose-gc bench/growth/point.ts <curve> <n>`. */
const [, , curve = '', size = '1'] = argv
const n = Number(size)

const key: SigningJwk = { kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }
const team = createFastTeam()
const ca = createFastCa()
const options: CountersignPluginOptions = {
  edge: { keys: key, hosts: null },
  access: team.access,
  trustedIssuers: [ca.ca],
}
const client = (of: number, token = of): Fields => [
  ['cf-access-jwt-assertion', team.tokenOf(token)],
  ...ca.fieldsOf(of),
]

const BATCH = 100
const BATCHES = 60

/** The app and the requests of each curve. Every curve has the same number of requests. */
const curves: Record<string, () => Promise<{ app: FastifyInstance; path: string; fields: (at: number) => Fields }>> = {
  async fingerprints() {
    const alice = client(0)
    const own = new Map(alice).get('x-cert-finger-256') as string
    const others = Array.from({ length: n - 1 }, () => randomBytes(32).toString('hex'))
    const app = await origin({ issuer: { CN: 'Bench CA' }, fingerprint256: [...others, own] })
    return { app, path: '/', fields: () => alice }
  },
  async routes() {
    const alice = client(0)
    const app = await origin(true, (app) => {
      for (let at = 0; at < n; at += 1) {
        app.get(`/route-${at}/:id`, { config: { clientCert: { subject: { CN: ['client-0', `${at}`] } } } }, () => 'ok')
      }
    })
    return { app, path: `/route-${n >> 1}/7`, fields: () => alice }
  },
  async clients() {
    const app = await origin(true)
    // More clients than the caches hold are new in every rotation, so this process need not keep them either.
    const known = n <= 10_000 ? Array.from({ length: n }, (_, at) => client(at)) : undefined
    return { app, path: '/', fields: (at) => known?.[at % n] ?? client(at) }
  },
  async chain() {
    const fields = client(0)
    const [, certificate] = fields.at(-1) as [string, string]
    const chain = Array.from({ length: n }, () => certificate).join(', ')
    const carried: Fields = n === 0 ? fields : [...fields, ['client-cert-chain', chain]]
    return { app: await origin(true), path: '/', fields: () => carried }
  },
  async 'new tokens, Countersign'() {
    const certificate = ca.fieldsOf(0)
    const app = await origin(true)
    return { app, path: '/', fields: (at) => [['cf-access-jwt-assertion', team.tokenOf(at)], ...certificate] }
  },
  async 'new tokens, jose'() {
    const certificate = ca.fieldsOf(0)
    const app = Fastify()
    const keys = createLocalJWKSet(team.access.jwks as never)
    app.addHook('onRequest', async (request) => {
      await jwtVerify(String(request.headers['cf-access-jwt-assertion']), keys, {
        algorithms: ['RS256'],
        issuer: team.access.issuer,
        audience: team.access.audience,
      })
    })
    app.get('/', () => 'ok')
    await app.ready()
    return { app, path: '/', fields: (at) => [['cf-access-jwt-assertion', team.tokenOf(at)], ...certificate] }
  },
}

async function origin(requirement: Requirement, declare: (app: FastifyInstance) => void = () => {}) {
  const app = Fastify()
  await app.register(countersign, options)
  app.get('/', { config: { clientCert: requirement } }, () => 'ok')
  declare(app)
  await app.ready()
  return app
}

const { app, path, fields } = await (curves[curve] as () => ReturnType<(typeof curves)[string]>)()
const request = createRequests(key, path)
let at = 0
const batch = () => Array.from({ length: BATCH }, () => request(fields(at++)))

// Warm-up: one full rotation, as far as the caches reach, and enough requests to compile the code.
for (const end = Math.max(3_000, Math.min(n, 10_000)); at < end; ) await answer(app, batch())
globalThis.gc?.()
const costs: number[] = []
for (let round = 0; round < BATCHES; round += 1) costs.push(await answer(app, batch()))
globalThis.gc?.()
const { heapUsed, external, arrayBuffers } = memoryUsage()
console.log(JSON.stringify({ cost: median(costs), heap: (heapUsed + external + arrayBuffers) / 2 ** 20 }))
