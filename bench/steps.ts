import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { buildTargetLines, COVERED_FIELDS, type SigningJwk } from '@countersign/wire'
import { authenticate } from '../packages/origin-plugin/src/authenticate.ts'
import type { EdgeFields } from '../packages/origin-plugin/src/edge-fields.ts'
import { importEdgeKeys } from '../packages/origin-plugin/src/edge-keys.ts'
import { createNonceMemory } from '../packages/origin-plugin/src/nonce-memory.ts'
import { readHeaders } from '../packages/origin-plugin/src/read-headers.ts'
import { resolveOptions, type Settings } from '../packages/origin-plugin/src/resolve-options.ts'
import { stillHolds } from '../packages/origin-plugin/src/token-cache.ts'
import { type EdgeSignature, verifyEdgeSignature } from '../packages/origin-plugin/src/verify-edge-signature.ts'
import { createFastCa } from './growth/certificates.ts'
import { createRequests } from './growth/driver.ts'
import { createFastTeam } from './growth/tokens.ts'
import { median } from './median.ts'
import { AUTHORITY } from './signed-lines.ts'

/** `node bench/steps.ts`: what each step of a verification costs, in process, for a client that is known. */
const BATCH = 50
const ROUNDS = 1_000

const key: SigningJwk = { kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }
const team = createFastTeam()
const ca = createFastCa()
const fail = (reason: string) => {
  throw new Error(reason)
}
const settings = resolveOptions({ edge: { keys: key }, access: team.access, trustedIssuers: [ca.ca] }, fail)
const { edge, access, certificates } = settings as Settings & { edge: object; access: object }
const create = createRequests(key, '/')
const client = [['cf-access-jwt-assertion', team.tokenOf(0)] as const, ...ca.fieldsOf(0)]

const costs = new Map<string, number[]>()
function time<Item, Result>(step: string, items: readonly Item[], run: (item: Item) => Result): Result[] {
  const start = process.hrtime.bigint()
  const results = items.map(run)
  const elapsed = Number(process.hrtime.bigint() - start) / 1000 / items.length
  costs.set(step, [...(costs.get(step) ?? []), elapsed])
  return results
}

const asFastify = (raw: IncomingMessage) => ({ raw, originalUrl: raw.url }) as never
await authenticate(asFastify(create(client)), settings)
const nonces = createNonceMemory(70, 1_000_000)
const hmac = importEdgeKeys(key).get('bench')
const target = { authority: AUTHORITY, method: 'GET', path: '/', query: '?' }

for (let round = 0; round < ROUNDS; round += 1) {
  const requests = Array.from({ length: BATCH }, () => create(client))
  const now = Date.now() / 1000
  if (round % 2 === 0) {
    time('all of it', requests.map(asFastify), (request) => authenticate(request, settings))
    continue
  }
  const read = time('read the headers', requests, ({ rawHeaders }) => readHeaders(rawHeaders))
  const known = time('recall the certificate, comparing every header', read, (fields) => certificates.recall(fields))
  const before = known[0]?.last?.signedFields
  const verifySignature = ([fields, { headers }]: readonly [EdgeFields, IncomingMessage]): EdgeSignature =>
    verifyEdgeSignature(
      {
        fields,
        target,
        signatureInput: headers['signature-input'] as string,
        signature: headers.signature as string,
      },
      edge?.keys as never,
      edge as never,
      now,
      before,
    )
  const pairs = requests.map((request, at) => [read[at] as EdgeFields, request] as const)
  const signatures = time('verify the edge signature', pairs, verifySignature)
  const inputs = requests.map(({ headers }) => String(headers['signature-input']))
  const signature = Buffer.alloc(32).toString('base64')
  time('… of it the HMAC over all signed lines', inputs, (input) =>
    hmac?.verify(before?.lines ?? '', buildTargetLines(target, input), signature),
  )
  time('spend the nonce', signatures, ({ parameters }) => nonces.spend(parameters.nonce, now))
  const last = known[0]?.last
  time(
    'recall the token, comparing all of it',
    read,
    ({ token }) => token === last?.token && last?.verified && stillHolds(last.verified, access?.keySet(), now),
  )
}

console.log(`| step | µs |\n|---|---|`)
for (const [step, values] of costs) console.log(`| ${step} | ${median(values).toFixed(2)} |`)
console.log(`\n${COVERED_FIELDS.length} fields can be covered; the request has ${client.length} of them.`)
