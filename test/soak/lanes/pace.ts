import { setTimeout as sleep } from 'node:timers/promises'

/** The time of a run: how long it takes, and how fast things happen in it. */
export interface Pace {
  /** One beat in milliseconds. */
  readonly beat: number
  isOver(): boolean
  /** Waits for so many beats, or until the run is over. */
  wait(beats: number): Promise<void>
}

/** In a short run everything happens in quick succession; in a long one outages are as long as real ones begin to hurt. */
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
