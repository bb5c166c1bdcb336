import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { buildTargetLines } from '@countersign/wire'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Sample } from '../lib/sample.ts'
import { AUTHORITY } from '../lib/signed-lines.ts'
import { median } from '../lib/stats.ts'
import {
  admit,
  authenticate,
  decide,
  decorateRequests,
  readHeaders,
  resolveOptions,
  type Settings,
  verifyEdgeSignature,
} from './internals.ts'

/**
 * The measured process of server-steps.ts.
 *
 * Under one load it takes turns: each turn does one more step of a verification, and measures its CPU time. All steps
 * share one process and take turns within seconds, so differences between processes or seconds affect all of them.
 */
const TURN_MS = 200
const TURNS = 24
/** The first turns, in which the code is not warm. */
const WARM_UP = 4

const { keys, access, clientCa } = JSON.parse(process.argv[2] ?? '') as Sample
const fail = (reason: string) => {
  throw new Error(reason)
}
// The load repeats its last request, so the plugin must not reject a repeated nonce.
const options = { edge: { keys, hosts: [AUTHORITY], replay: false }, access, trustedIssuers: [clientCa] }
const settings = resolveOptions(options, fail) as Settings & { edge: object }
const withoutEdge = resolveOptions({ ...options, edge: null }, fail)
for (const { background } of [settings, withoutEdge]) await background.start()
const guard = settings.guards.compile({ subject: { CN: 'alice', O: 'Acme' } }, 'bench')

const target = { authority: AUTHORITY, method: 'GET', path: '/', query: '?' }
const signatureOf = ({ headers }: FastifyRequest['raw']) => ({
  target,
  signatureInput: headers['signature-input'] as string,
  signature: headers.signature as string,
})
const authenticated = (request: FastifyRequest, by: Settings) => {
  const admitted = authenticate(request, by)
  if (admitted instanceof Promise) throw new Error('the token is not in the cache')
  if (admitted.clientCert === null) throw new Error('the load has no certificate')
  return admitted.clientCert
}

const [key] = settings.edge.keys.current.values()
type Step = (request: FastifyRequest, reply: FastifyReply) => unknown

const protection = { guard, enforced: true }
const decideOn: Step = (request, reply) => decide(request, reply, protection, settings, admit)

/** The name of the step with a subscriber. Its turn subscribes and unsubscribes. */
const WITH_SUBSCRIBER = 'the whole decision, with a subscriber'

const steps: Readonly<Record<string, Step>> = {
  'a hook that does nothing': () => {},
  'read the headers': ({ raw }) => readHeaders(raw.rawHeaders),
  '… and recall the certificate': ({ raw }) => settings.memory.recall(readHeaders(raw.rawHeaders)),
  '… and verify the edge signature': ({ raw }) => {
    const fields = readHeaders(raw.rawHeaders)
    const before = settings.memory.recall(fields)?.stableLines
    return verifyEdgeSignature(
      { fields, ...signatureOf(raw) },
      settings.edge.keys.current,
      settings.edge,
      Date.now() / 1000,
      before,
    )
  },
  'all of it, without a guard': (request) => authenticated(request, settings),
  'all of it': (request) => guard.decide(authenticated(request, settings), request),
  'all of it, edge: null': (request) => guard.decide(authenticated(request, withoutEdge), request),
  'the whole decision, without a subscriber': decideOn,
  [WITH_SUBSCRIBER]: decideOn,
  'an HMAC over as much text, and nothing else': ({ raw }) => key?.verify(lines, rest, raw.method ?? ''),
}
let lines = ''
let rest = ''

async function learn(request: FastifyRequest): Promise<void> {
  await authenticate(request, withoutEdge)
  await authenticate(request, settings)
  const known = settings.memory.recall(readHeaders(request.raw.rawHeaders))
  lines = known?.stableLines?.lines ?? ''
  rest = buildTargetLines(target, signatureOf(request.raw).signatureInput)
}

let [step] = Object.values(steps) as [Step]
const ignore = () => {}
let answered = 0
let learnt = false

const app = Fastify()
decorateRequests(app)
app.addHook('onRequest', (request, reply, done) => {
  if (!learnt) {
    learn(request).then(() => {
      learnt = true
      done()
    }, done)
    return
  }
  step(request, reply)
  answered += 1
  done()
})
app.get('/', () => ({ ok: true }))
await app.listen({ host: '127.0.0.1', port: 0 })

/** Measures each step in microseconds a request. */
async function takeTurns(): Promise<Record<string, number>> {
  const costs = Object.keys(steps).map((name) => [name, [] as number[]] as const)
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, taken] of costs) {
      step = steps[name] as Step
      if (name === WITH_SUBSCRIBER) subscribe('countersign:admitted', ignore)
      const before = { cpu: process.cpuUsage(), answered }
      await setTimeout(TURN_MS)
      const { user, system } = process.cpuUsage(before.cpu)
      unsubscribe('countersign:admitted', ignore)
      if (turn >= WARM_UP) taken.push((user + system) / (answered - before.answered))
    }
  }
  return Object.fromEntries(costs.map(([name, taken]) => [name, median(taken)]))
}

process.on('message', async () => process.send?.(await takeTurns()))
process.on('disconnect', () => process.exit())
process.send?.({
  port: (app.server.address() as AddressInfo).port,
  seconds: (Object.keys(steps).length * TURNS * TURN_MS) / 1000,
})
