import { randomBytes } from 'node:crypto'
import { argv, memoryUsage } from 'node:process'
import countersign from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import Fastify from 'fastify'
import { answer, createRequests } from '../growth/answer.ts'
import { createFastCa, createFastTeam } from '../lib/fast-identities.ts'

/**
 * `node --expose-gc bench/probes/memory.ts [1000000]`: measures the memory of an origin after distinct clients.
 *
 * Each client has its own token and certificate. A million of them take a quarter of an hour, mostly to be made.
 */
const count = Number(argv[2] ?? 1_000_000)
const BATCH = 200

const key: SigningJwk = { kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }
const team = createFastTeam()
const ca = createFastCa()
const app = Fastify()
// The plugin keeps every nonce for a minute, which would hide the memory of clients.
await app.register(countersign, {
  edge: { keys: key, hosts: null, replay: false },
  access: team.access,
  trustedIssuers: [ca.ca],
})
app.get('/', () => 'ok')
await app.ready()
const request = createRequests(key, '/')
const client = (n: number) => request([['cf-access-jwt-assertion', team.tokenOf(n)], ...ca.fieldsOf(n)])

function held(): number {
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = memoryUsage()
  return (heapUsed + external + arrayBuffers) / 2 ** 20
}

await answer(app, [client(0)])
const start = held()
let most = start
for (let at = 1; at <= count; at += BATCH) {
  await answer(
    app,
    Array.from({ length: Math.min(BATCH, count + 1 - at) }, (_, n) => client(at + n)),
  )
  if (at % 50_000 === 1 || at + BATCH > count) {
    most = Math.max(most, held())
    console.log(`${Math.min(at + BATCH - 1, count)} clients: ${(held() - start).toFixed(1)} MiB above the start`)
  }
}
console.log(JSON.stringify({ count, start, end: held(), most }))
