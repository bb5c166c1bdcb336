/**
 * How a part works at present. `degraded`: with what it has. `failing`: requests that need it are refused.
 *
 * @example
 * ```ts
 * const status = (state: HealthState) => (state === 'failing' ? 503 : 200)
 * ```
 */
export type HealthState = 'ok' | 'degraded' | 'failing'

/**
 * The health of a part that keeps data current, or remembers.
 *
 * @example
 * ```ts
 * const describe = ({ name, state, reason = 'no fault' }: Health) => `${name} is ${state}: ${reason}`
 * ```
 */
export interface Health {
  readonly state: HealthState
  /** Which one of its kind: a URL without its query, or the name of a CA. */
  readonly name: string
  /** The cause, if the state is not `ok`. It contains no secret. */
  readonly reason?: string
  /** Seconds since the data in use was made or fetched. */
  readonly age?: number
  /** Seconds for which the data in use may still be used; negative if it is out of date. */
  readonly remaining?: number
  /** For a memory: the share of it that is in use, from 0 to 1. */
  readonly used?: number
}

/** A part that knows its health. */
export interface Watched {
  health(): Health
}

/** The facts that decide the health of data that is fetched again and again. */
export interface DataFacts {
  /** Whether requests can use the data at hand. */
  readonly isUsable: boolean
  /** The reason of the last failure, until the next success. */
  readonly failure: string | undefined
  /** The reason without usable data and without a failure. */
  readonly absence: string
}

/** The health of data that is fetched again and again: a failure costs nothing while the data at hand can be used. */
export function healthOfData(
  name: string,
  { isUsable, failure, absence }: DataFacts,
  dates: Pick<Health, 'age' | 'remaining'>,
): Health {
  if (!isUsable) return { state: 'failing', name, reason: failure ?? absence, ...dates }
  if (failure !== undefined) return { state: 'degraded', name, reason: failure, ...dates }
  return { state: 'ok', name, ...dates }
}

const FAULTS_WORST_FIRST: readonly HealthState[] = ['failing', 'degraded']

/** The worst of several states; `ok` of none. */
export function worstOf(states: readonly HealthState[]): HealthState {
  return FAULTS_WORST_FIRST.find((state) => states.includes(state)) ?? 'ok'
}

/** Seconds from a time in milliseconds to now, without a fraction. */
export function secondsSince(time: number): number {
  return Math.round((Date.now() - time) / 1000)
}
