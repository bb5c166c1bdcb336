import { type Attributes, type Meter, ValueType } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from '../events/messages.ts'
import type { HealthState } from '../lib/health.ts'
import { createDecisionCounter } from './decision-counter.ts'

/** Takes the measurements of one registration of the plugin. */
export interface Instruments {
  count(message: AdmittedMessage | RefusedMessage): void
  countEvent(message: DegradedMessage): void
  /** Ends the observation of the health. All decisions are counted then. */
  stop(): void
}

/**
 * Seconds. A decision about a known client takes some 50 µs. Redis and `identify` add up to their time-outs of some
 * seconds.
 */
export const BOUNDARIES: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

const STATES = ['ok', 'degraded', 'failing'] as const

/**
 * Creates the instruments of a registration.
 *
 * Attack: a client that chooses values of an attribute fills the memory of the exporter. So the route is the declared one,
 * and unknown paths have none.
 *
 * @param common - attributes of every measurement
 */
export function createInstruments(
  meter: Meter,
  healthOf: FastifyInstance['countersignHealth'],
  common: Attributes,
): Instruments {
  const decisions = meter.createCounter('countersign.decisions', {
    description: 'Decisions on requests of routes that are not public.',
    unit: '{decision}',
    valueType: ValueType.INT,
  })
  const duration = meter.createHistogram('countersign.decision.duration', {
    description: 'Time from the hook of the plugin to its decision.',
    unit: 's',
    advice: { explicitBucketBoundaries: [...BOUNDARIES] },
  })
  const events = meter.createCounter('countersign.part.events', {
    description: 'Failed attempts of parts outside of requests, and recoveries.',
    unit: '{event}',
    valueType: ValueType.INT,
  })
  const counter = createDecisionCounter(decisions, common)
  const stopHealth = observeHealth(meter, healthOf, common, counter.flush)
  return {
    count(message) {
      const attributes = counter.count(message)
      // A refusal of a hook has no duration: another plugin may have answered in between.
      if (message.duration !== undefined) duration.record(message.duration / 1000, attributes)
    },
    countEvent({ part, state }) {
      events.add(1, { ...common, 'countersign.part.type': part, 'countersign.part.event': state })
    },
    stop() {
      try {
        counter.flush()
      } finally {
        stopHealth()
      }
    },
  }
}

/**
 * Observes the health at each collection, which reads memory alone.
 *
 * @param begin - is called at the beginning of each collection. The SDK reads the counters after the calls of observers
 */
function observeHealth(
  meter: Meter,
  healthOf: FastifyInstance['countersignHealth'],
  common: Attributes,
  begin: () => void,
): () => void {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`countersign.${name}`, { unit, description })
  const status = gauge('part.status', '', '1 for the present state of a part, 0 for its other states.')
  const age = gauge('part.age', 's', 'Time since the data in use was made or fetched.')
  const remaining = gauge('part.remaining', 's', 'Time for which the data in use may still be used.')
  const usage = gauge('part.utilization', '', 'Share of a memory that is in use, from 0 to 1.')
  const unenforced = gauge('routes.unenforced', '{route}', 'Routes in report mode, which refuse no request.')
  const idle = gauge('edge_key.idle', 's', 'Time since the last valid signature with a key of the Worker.')
  const gauges = [status, age, remaining, usage, unenforced, idle]

  const seen = new Map<string, Attributes>()
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (observer) => {
    begin()
    const { parts, edgeKeys, unenforcedRoutes } = healthOf()
    const observeStatus = (attributes: Attributes, present: HealthState | undefined) => {
      for (const state of STATES) {
        observer.observe(status, Number(state === present), { ...attributes, 'countersign.part.state': state })
      }
    }
    observer.observe(unenforced, unenforcedRoutes, common)
    const gone = new Map(seen)
    for (const part of parts) {
      const attributes = { ...common, 'countersign.part.type': part.part, 'countersign.part.name': part.name }
      const key = `${part.part} ${part.name}`
      seen.set(key, attributes)
      gone.delete(key)
      observeStatus(attributes, part.state)
      if (part.age !== undefined) observer.observe(age, part.age, attributes)
      if (part.remaining !== undefined) observer.observe(remaining, part.remaining, attributes)
      if (part.used !== undefined) observer.observe(usage, part.used, attributes)
    }
    // A reload can remove a CA with its list. The SDK repeats the last values, so the part would be failing forever.
    for (const attributes of gone.values()) observeStatus(attributes, undefined)
    for (const { keyid, lastUsed } of edgeKeys) {
      if (lastUsed === null) continue
      const seconds = Math.max(0, (Date.now() - lastUsed.getTime()) / 1000)
      observer.observe(idle, seconds, { ...common, 'countersign.edge_key.id': keyid })
    }
  }
  meter.addBatchObservableCallback(observe, gauges)
  return () => meter.removeBatchObservableCallback(observe, gauges)
}
