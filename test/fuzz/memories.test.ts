// The oracle is a new origin for each request: it has seen no request before, so it verifies everything.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { authenticate } from '../../packages/origin-plugin/src/authenticate.ts'
import { createClientMemory } from '../../packages/origin-plugin/src/client-memory.ts'
import { isCountersignError } from '../../packages/origin-plugin/src/errors.ts'
import { resolveOptions, type Settings } from '../../packages/origin-plugin/src/options.ts'
import type { ReceivedRequest } from '../../packages/origin-plugin/src/request-target.ts'
import { fuzz } from './fuzz.ts'
import {
  createTrafficParties,
  type OriginState,
  type RandomVisit,
  randomTraffic,
  START,
  type StateChange,
  type TrafficParties,
} from './random-traffic.ts'

const SIZES = [1, 2, 100]

let parties: TrafficParties
beforeAll(async () => {
  parties = await createTrafficParties()
})

/** The number of requests, and of the facts and clients among them that an origin knew. */
const seen = { requests: 0, admitted: 0, facts: 0, clients: 0 }

function newOrigin(state: OriginState, maxKnownClients?: number): Settings {
  const options = parties.optionsOf(state)
  const settings = resolveOptions({ ...options, ...(maxKnownClients && { maxKnownClients }) }, () => {})
  loadList(settings, state)
  return settings
}

function loadList(settings: Settings, { list }: OriginState): void {
  const newest = parties.lists[list]
  for (const each of settings.revocations()) if (newest) each.inherit(newest)
}

/** An origin that runs with memories of one size. */
function runningOrigin(state: OriginState, size: number) {
  const settings = newOrigin(state, size)
  const clients = createClientMemory(size)
  const recall: Settings['memory']['recall'] = (fields) => {
    const client = clients.recall(fields)
    if (client) seen.clients += 1
    return client
  }
  const has: Settings['facts']['has'] = (fact) => {
    const isKnown = settings.facts.has(fact)
    if (isKnown) seen.facts += 1
    return isKnown
  }
  return { ...settings, memory: { ...clients, recall }, facts: { ...settings.facts, has } }
}

/** Puts the changed parts in the place of those in use, as the background tasks do. */
function change(settings: Settings, state: OriginState, changes: StateChange): void {
  const { access, trustedIssuers, edge, revocations } = resolveOptions(parties.optionsOf(state), () => {})
  if (changes.accessKeys !== undefined) Object.assign(settings.access ?? {}, access)
  if (changes.edgeKey !== undefined) Object.assign(settings.edge?.keys ?? {}, edge?.keys)
  if (changes.issuers !== undefined) {
    Object.assign(settings.trustedIssuers, { current: trustedIssuers.current })
    Object.assign(settings, { revocations })
    settings.memory.clear()
  }
  loadList(settings, state)
}

async function answerOf(
  settings: Settings,
  request: ReceivedRequest,
  { time, isOptional }: RandomVisit,
): Promise<string> {
  try {
    const { clientCert, access, signature } = await authenticate(request, settings, START + time, isOptional)
    return JSON.stringify({ clientCert, access, signature })
  } catch (refusal) {
    if (!isCountersignError(refusal)) throw refusal
    const { statusCode, code, reason } = refusal
    return JSON.stringify({ code, statusCode, reason })
  }
}

describe('an origin with memories of 1, 2 and 100 clients', () => {
  it('answers random traffic as a new origin does, while keys, CAs, lists and the clock change', async () => {
    await fuzz(
      fc.asyncProperty(randomTraffic, async ({ start, steps }) => {
        let state = start
        const origins = SIZES.map((size) => runningOrigin(state, size))
        for (const step of steps) {
          if (!('client' in step)) {
            state = { ...state, ...step, list: Math.max(state.list, step.list ?? 0) }
            for (const origin of origins) change(origin, state, step)
            continue
          }
          const request = parties.receive(step, state)
          const answer = await answerOf(newOrigin(state), request, step)
          seen.requests += 1
          if (JSON.parse(answer).clientCert !== undefined) seen.admitted += 1
          for (const [at, origin] of origins.entries()) {
            expect(await answerOf(origin, request, step), `a memory of ${SIZES[at]}`).toBe(answer)
          }
        }
      }),
      0.01,
    )
    // The memories were used, and decided on good requests and bad ones.
    expect(seen.facts).toBeGreaterThan(seen.requests / 4)
    expect(seen.clients).toBeGreaterThan(seen.requests / 10)
    expect(seen.admitted).toBeGreaterThan(seen.requests / 20)
    expect(seen.admitted).toBeLessThan(seen.requests / 2)
  })
})
