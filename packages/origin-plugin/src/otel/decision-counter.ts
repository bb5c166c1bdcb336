import type { Attributes, Counter } from '@opentelemetry/api'
import type { AdmittedMessage, RefusedMessage } from '../events/messages.ts'

/** The attributes of a decision on a span. They have few values, and nothing of the client. */
export function decisionAttributes(message: AdmittedMessage | RefusedMessage): Attributes {
  const { enforced } = message
  return 'code' in message
    ? {
        'countersign.outcome': 'refused',
        'countersign.code': message.code,
        'countersign.step': message.step,
        'countersign.enforced': enforced,
      }
    : { 'countersign.outcome': 'admitted', 'countersign.enforced': enforced }
}

/** The decisions of one route with one outcome. */
interface Cell {
  readonly attributes: Attributes
  /** Whether the counter has one of these decisions since the last collection, so that it knows their time. */
  isOpen: boolean
  /** The decisions since, which the counter does not have yet. */
  pending: number
}

/** The decisions with one outcome. */
interface Outcome {
  readonly attributes: Attributes
  readonly cells: Map<string | undefined, Cell>
}

/** Counts decisions. */
export interface DecisionCounter {
  /** @returns the attributes of the decision without its route: the same object for each decision with this outcome */
  count(message: AdmittedMessage | RefusedMessage): Attributes
  /** Gives the counter all decisions. Call it at the beginning of each collection. */
  flush(): void
}

/**
 * Counts decisions in memory, and gives the counter their number at each collection.
 *
 * The plain form is `counter.add(1, attributes)` for each decision. The SDK sorts the attributes and formats them as JSON
 * each time, at 2.5 µs a request. This form costs 0.1 µs. It keeps as many attributes as the SDK: those of the declared
 * routes and of our codes.
 *
 * The first decision after a collection is added at once, because the time of a measurement is that of its first one.
 * Until the first collection each decision is, so that a provider that never calls {@link DecisionCounter.flush} counts
 * too.
 *
 * @param common - attributes of every decision
 */
export function createDecisionCounter(counter: Counter, common: Attributes): DecisionCounter {
  const outcomes = new Map<string, Outcome>()
  let isCollected = false

  function outcomeOf(message: AdmittedMessage | RefusedMessage): Outcome {
    const key = 'code' in message ? `${message.enforced} ${message.code} ${message.step}` : String(message.enforced)
    let outcome = outcomes.get(key)
    if (outcome === undefined) {
      outcome = { attributes: Object.freeze({ ...common, ...decisionAttributes(message) }), cells: new Map() }
      outcomes.set(key, outcome)
    }
    return outcome
  }

  function cellOf({ attributes, cells }: Outcome, route: string | undefined): Cell {
    let cell = cells.get(route)
    if (cell === undefined) {
      const own = route === undefined ? attributes : Object.freeze({ ...attributes, 'http.route': route })
      cell = { attributes: own, isOpen: false, pending: 0 }
      cells.set(route, cell)
    }
    return cell
  }

  return {
    count(message) {
      const outcome = outcomeOf(message)
      const cell = cellOf(outcome, message.route)
      if (cell.isOpen) cell.pending += 1
      else {
        counter.add(1, cell.attributes)
        cell.isOpen = isCollected
      }
      return outcome.attributes
    },
    flush() {
      isCollected = true
      for (const { cells } of outcomes.values()) {
        for (const cell of cells.values()) {
          const { pending } = cell
          cell.isOpen = false
          cell.pending = 0
          if (pending > 0) counter.add(pending, cell.attributes)
        }
      }
    },
  }
}
