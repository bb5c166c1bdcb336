import type { Answer } from '../traffic/send.ts'
import { allowedOutcomes, type Sent, statusOf, type World } from './allowed-outcomes.ts'

/** Every decision of the origin, held against the oracle. */
export interface Ledger {
  judge(sent: Sent, from: number, to: number, answer: Answer): void
  /** A decision that no request belongs to. */
  wrong(sentence: string): void
  readonly requests: number
  /** Sentences, the first few of them. */
  readonly wrongs: readonly string[]
  readonly wrongCount: number
  /** How often each case was sent. */
  readonly cases: ReadonlyMap<string, number>
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>
}

/** A broken origin makes every decision wrong; ten say as much as all of them. */
const KEPT = 10

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
      if (!allowed.has(outcome)) wrong(`${sent.name}: ${outcome} (${status}) in place of ${expected}; ${took}`)
      else if (status !== (statusOf(outcome) ?? status)) wrong(`${sent.name}: ${outcome} with the status ${status}`)
      else if (outcome === '200' && sent.body !== undefined && body !== sent.body) {
        wrong(`${sent.name}: let in as somebody else: ${body} in place of ${sent.body}`)
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
