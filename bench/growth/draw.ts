import { randomNumbers } from '@countersign/test-support/random-numbers'
/** Chooses the client of each request, by the number of the request. */
export type Draw = (at: number) => number

/** Every client in turn: each of them was away for as long as possible. */
export const inTurn =
  (n: number): Draw =>
  (at) =>
    at % n

/**
 * Draws clients by Zipf's law with exponent 1: the client of rank `k` comes `1/k` times as often as the first.
 *
 * Before, each client comes once, the first one last: otherwise a client could come for the first time in the
 * measurement. The draws are the same in each run.
 *
 * @see {@link https://en.wikipedia.org/wiki/Zipf%27s_law}
 */
export function byZipf(n: number): Draw {
  const cumulative = new Float64Array(n)
  let sum = 0
  for (let rank = 1; rank <= n; rank += 1) {
    sum += 1 / rank
    cumulative[rank - 1] = sum
  }
  const random = randomNumbers(1)
  return (at) => (at < n ? n - 1 - at : lowerBound(cumulative, random() * sum))
}

/** The first place whose value is not below the searched one. */
function lowerBound(sorted: Float64Array, searched: number): number {
  let [low, high] = [0, sorted.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < searched) low = middle + 1
    else high = middle
  }
  return low
}
