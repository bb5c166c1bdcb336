/** How a part works at present. `degraded`: with what it has. `failing`: requests that need it are refused. */
export type HealthState = 'ok' | 'degraded' | 'failing'

/** The health of a part that keeps data current, or remembers. */
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

const WORST_FIRST: readonly HealthState[] = ['failing', 'degraded', 'ok']

/** The worst of several states; `ok` of none. */
export function worstOf(states: readonly HealthState[]): HealthState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'ok'
}

/** Seconds from a time in milliseconds to now, without a fraction. */
export function secondsSince(time: number): number {
  return Math.round((Date.now() - time) / 1000)
}
