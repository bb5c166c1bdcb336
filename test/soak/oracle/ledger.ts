import type { KeptAliveAnswer } from '../../support/send-kept-alive.ts'
import { allowedOutcomes, type Sent, statusOf, type World } from './allowed-outcomes.ts'

/** Compares every decision of the origin with the oracle and counts. */
export interface Ledger {
  judge(sent: Sent, from: number, to: number, answer: KeptAliveAnswer): void
  /** Records a fault that does not belong to a request. */
  wrong(sentence: string): void
  readonly requests: number
  /** The first faults, one sentence each. */
  readonly wrongs: readonly string[]
  readonly wrongCount: number
  /** The number of requests of each case. */
  readonly cases: ReadonlyMap<string, number>
  /** The number of answers with each outcome. */
  readonly outcomes: ReadonlyMap<string, number>
}

/** The number of sentences to keep. A broken origin makes every decision wrong, and ten are enough to find the cause. */
const KEPT = 10

/** A ledger without entries. */
export function createLedger(world: World): Ledger {
  let requests = 0
  let wrongCount = 0
  const wrongs: string[] = []
  const cases = new Map<string, number>()
  const outcomes = new Map<string, number>()
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)
  const wrong = (sentence: string) => {
    wrongCount += 1
    if (wrongs.length < KEPT) wrongs.push(sentence)
  }
  return {
    judge(sent, from, to, { outcome, status, body }) {
      requests += 1
      count(cases, sent.name)
      count(outcomes, outcome)
      const allowed = allowedOutcomes(sent, from, to, world)
      const expected = [...allowed].join(' or ')
      const took = `sent at ${Math.round(from)} ms, answered after ${Math.round(to - from)} ms`
      if (!allowed.has(outcome)) wrong(`${sent.name}: expected ${expected}, got ${outcome} (${status}); ${took}`)
      else if (status !== (statusOf(outcome) ?? status)) wrong(`${sent.name}: ${outcome} with the status ${status}`)
      else if (outcome === '200' && sent.body !== undefined && ![sent.body].flat().includes(body)) {
        wrong(`${sent.name}: accepted as another client: expected ${sent.body}, got ${body}`)
      }
    },
    wrong,
    wrongs,
    cases,
    outcomes,
    get requests() {
      return requests
    },
    get wrongCount() {
      return wrongCount
    },
  }
}
