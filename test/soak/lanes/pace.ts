import { setTimeout as sleep } from 'node:timers/promises'

/** The length of a run, and the speed of its events. */
export interface Pace {
  /** One beat in milliseconds. */
  readonly beat: number
  isOver(): boolean
  /** Waits for a number of beats, but at most until the run is over. */
  wait(beats: number): Promise<void>
}

/** A beat is a twentieth of the run, from half a second to five seconds: a short run contains every event too. */
export function createPace(seconds: number): Pace {
  const end = performance.now() + seconds * 1000
  const beat = Math.min(Math.max(seconds / 20, 0.5), 5) * 1000
  const left = () => Math.max(end - performance.now(), 0)
  return {
    beat,
    isOver: () => left() === 0,
    wait: (beats) => sleep(Math.min(beats * beat, left())),
  }
}
