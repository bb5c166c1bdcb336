/** The growth of the heap over a run. Bytes. */
export interface HeapVerdict {
  readonly first: number
  readonly last: number
  readonly isFlat: boolean
}

/** The part of the samples to drop: caches and compiled code grow at the start. */
const WARM_UP = 0.2
/** The difference between samples of a heap that does not grow, in bytes. */
const SLACK = 10e6
/** The factor by which such a heap can differ on a busy machine. */
const GROWTH = 1.2

/** The bound for a flat heap, in words. */
export const FLAT = `at most ${GROWTH} times the first third and ${SLACK / 1e6} MB`

/** Compares the first and the last third of the samples after the warm-up. Samples are bytes after a collection. */
export function judgeHeap(samples: readonly number[]): HeapVerdict {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP))
  const third = Math.max(Math.floor(warm.length / 3), 1)
  const first = mean(warm.slice(0, third))
  const last = mean(warm.slice(-third))
  return { first, last, isFlat: last <= first * GROWTH + SLACK }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
