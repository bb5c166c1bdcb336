import { randomBytes } from 'node:crypto'
import { argv, memoryUsage } from 'node:process'
import countersign, { type CountersignPluginOptions, type Requirement } from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import Fastify, { type FastifyInstance } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { median } from '../lib/stats.ts'
import { answer, createRequests, type Fields } from './answer.ts'
import { byZipf, inTurn } from './draw.ts'
import { openClients, readIdentities } from './prepared-clients.ts'

/**
 * Measures one point of one curve: `node --expose-gc bench/growth/point.ts <curve> <n> <folder> <warm-up>`, forked.
 *
 * The folder has the prepared clients. The warm-up is a number of requests. It sends the point after the warm-up, and the
 * cost anew for every message.
 */
const [, , curve = '', size = '1', folder = '', warmUp = '3000'] = argv
const n = Number(size)

const key: SigningJwk = { kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }
const { team, ca } = readIdentities(folder)
const prepared = openClients(folder)
const options: CountersignPluginOptions = {
  edge: { keys: key, hosts: null },
  access: team.access,
  trustedIssuers: [ca.ca],
}
/** The client of the curves in which clients do not grow. */
const alice = prepared(0)
const [token, ...certificate] = alice

const BATCH = 100
const BATCHES = 60

/** The app and the requests of each curve. Every curve has the same number of requests. */
const curves: Record<string, () => Promise<{ app: FastifyInstance; path: string; fields: (at: number) => Fields }>> = {
  async fingerprints() {
    const own = new Map(alice).get('x-cert-finger-256') as string
    const others = Array.from({ length: n - 1 }, () => randomBytes(32).toString('hex'))
    const app = await origin({ issuer: { CN: 'Bench CA' }, fingerprint256: [...others, own] })
    return { app, path: '/', fields: () => alice }
  },
  async routes() {
    const app = await origin(true, {}, (app) => {
      for (let at = 0; at < n; at += 1) {
        app.get(`/route-${at}/:id`, { config: { clientCert: { subject: { CN: ['client-0', `${at}`] } } } }, () => 'ok')
      }
    })
    return { app, path: `/route-${n >> 1}/7`, fields: () => alice }
  },
  async clients() {
    const draw = inTurn(n)
    return { app: await origin(true), path: '/', fields: (at) => prepared(draw(at)) }
  },
  async 'clients by Zipf'() {
    const draw = byZipf(n)
    return { app: await origin(true), path: '/', fields: (at) => prepared(draw(at)) }
  },
  async 'clients once'() {
    // The plugin remembers the nonces of a minute, which would hide the memory of clients.
    const app = await origin(true, { edge: { keys: key, hosts: null, replay: false } })
    return { app, path: '/', fields: prepared }
  },
  async chain() {
    const [, own] = alice.at(-1) as [string, string]
    const chain = Array.from({ length: n }, () => own).join(', ')
    const carried: Fields = n === 0 ? alice : [...alice, ['client-cert-chain', chain]]
    return { app: await origin(true), path: '/', fields: () => carried }
  },
  async 'new tokens, Countersign'() {
    const app = await origin(true)
    return { app, path: '/', fields: (at) => [prepared(at)[0] as Fields[number], ...certificate] }
  },
  async 'new certificates'() {
    const app = await origin(true)
    return { app, path: '/', fields: (at) => [token as Fields[number], ...prepared(at).slice(1)] }
  },
  async 'new clients'() {
    return { app: await origin(true), path: '/', fields: prepared }
  },
  async 'new tokens, jose'() {
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
    return { app, path: '/', fields: (at) => [prepared(at)[0] as Fields[number], ...certificate] }
  },
}

async function origin(
  requirement: Requirement,
  own: Partial<CountersignPluginOptions> = {},
  declare: (app: FastifyInstance) => void = () => {},
) {
  const app = Fastify()
  await app.register(countersign, { ...options, ...own } as CountersignPluginOptions)
  app.get('/', { config: { clientCert: requirement } }, () => 'ok')
  declare(app)
  await app.ready()
  return app
}

const { app, path, fields } = await (curves[curve] as () => ReturnType<(typeof curves)[string]>)()
const request = createRequests(key, path)
let at = 0
const batch = () => Array.from({ length: BATCH }, () => request(fields(at++)))

function held(): number {
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = memoryUsage()
  return (heapUsed + external + arrayBuffers) / 2 ** 20
}

for (const end = Number(warmUp); at < end; ) await answer(app, batch())
const start = held()
// Of clients that come once, each request is the first of its client.
const cost = await measureCost(curve === 'clients once' ? Math.floor((n - at) / BATCH) : BATCHES)
const heap = held()
process.on('message', async () => process.send?.(await measureCost(BATCHES)))
process.send?.({ cost, heap, growth: heap - start })

async function measureCost(batches: number): Promise<number> {
  const costs: number[] = []
  for (let round = 0; round < batches; round += 1) costs.push(await answer(app, batch()))
  return median(costs)
}
