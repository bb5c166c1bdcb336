/** One measurement of a server under load. */
export interface Slice {
  readonly requestsPerSecond: number
  /** Microseconds of the server's CPU time a request. */
  readonly cpu: number
}

/** Formats a measurement for one line of progress. */
export function formatSlice({ cpu, requestsPerSecond }: Slice): string {
  return `${cpu.toFixed(1).padStart(7)} µs  ${requestsPerSecond.toFixed(0).padStart(7)} /s`
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/**
 * The ratio of two contenders in each round.
 *
 * A slow minute of the machine affects both contenders of a round, so the ratio varies less than the two figures.
 */
export function ratiosByRound(
  own: readonly Slice[],
  base: readonly Slice[],
  ratio: (own: Slice, base: Slice) => number,
): number[] {
  return own.map((slice, round) => ratio(slice, base[round] ?? { requestsPerSecond: Number.NaN, cpu: Number.NaN }))
}

/** The bounds between which the true median probably lies. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** With fewer than 6 values no interval reaches 95 %. The bounds are then the smallest and the largest value. */
  readonly kind: '95 % interval' | 'range'
}

/**
 * The distribution-free confidence interval of the median: two order statistics.
 *
 * @see {@link https://en.wikipedia.org/wiki/Median#Confidence_interval}
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = ascending(values)
  const count = sorted.length
  // The number of values below the true median is binomial with p = 1/2.
  let [outside, probability, tail] = [0, 0.5 ** count, 0]
  while (2 * (tail + probability) <= 0.05) {
    tail += probability
    outside += 1
    probability *= (count - outside + 1) / outside
  }
  const at = Math.max(outside - 1, 0)
  const kind = outside > 0 ? '95 % interval' : 'range'
  return { low: sorted[at] as number, high: sorted[count - 1 - at] as number, kind }
}

/** Formats the median, and the bounds of {@link medianInterval} in parentheses if there are several values. */
export function formatSpread(values: readonly number[], digits: number): string {
  return formatSpreadBy(values, (value) => value.toFixed(digits))
}

/** The same with another format of each number. */
export function formatSpreadBy(values: readonly number[], format: (value: number) => string): string {
  const { low, high } = medianInterval(values)
  const middle = format(median(values))
  return values.length > 1 ? `${middle} (${format(low)} to ${format(high)})` : middle
}

const ascending = (values: readonly number[]) => values.toSorted((one, other) => one - other)
