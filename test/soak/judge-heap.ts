/** Heap sizes after a collection, judged. */
export interface HeapVerdict {
  readonly first: number
  readonly last: number
  readonly isFlat: boolean
}

/** Caches and compiled code fill in the beginning. */
const WARM_UP = 0.2
/** What two honest samples differ by. */
const SLACK = 10e6

/** Compares the first third of the samples after the warm-up with the last. Bytes. */
export function judgeHeap(samples: readonly number[]): HeapVerdict {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP))
  const third = Math.max(Math.floor(warm.length / 3), 1)
  const first = mean(warm.slice(0, third))
  const last = mean(warm.slice(-third))
  return { first, last, isFlat: last <= first * 1.2 + SLACK }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
