import { join } from 'node:path'
import { median, medianInterval, type Slice } from '../lib/stats.ts'

/** This repository, with the plugin that a run measures unless it names another checkout. */
const THIS_CHECKOUT = join(import.meta.dirname, '../..')

/** A contender with the plugin of one checkout. */
export interface Entrant {
  /** Its row in the output. */
  readonly row: string
  /** The name of a contender. */
  readonly name: string
  readonly checkout: string
}

/** The contender with a name, with the plugin of this repository. */
export const entrantOf = (name: string): Entrant => ({ row: name, name, checkout: THIS_CHECKOUT })

/** Two entrants that are measured side by side. Their row is that of the first. */
export interface Pair {
  readonly own: Entrant
  readonly base: Entrant
}

/** Pairs that a run compares, instead of each contender with bare Fastify. */
export interface Comparison {
  readonly pairs: readonly Pair[]
  /** The two sides of each ratio. */
  readonly title: string
}

/** One round of a pair: medians of its turns. */
export interface MeasuredPair {
  readonly own: Slice
  readonly base: Slice
  /** Own divided by base, each of them in the same turn. */
  readonly ratio: Slice
}

/** The entrants of pairs, each of them once, the bases first. */
export function entrantsOf(pairs: readonly Pair[]): readonly Entrant[] {
  const all = [...pairs.map(({ base }) => base), ...pairs.map(({ own }) => own)]
  return [...new Map(all.map((entrant) => [entrant.row, entrant])).values()]
}

/** The slices of each entrant in all rounds, by row. A base has those of all its pairs. */
export function slicesByRow(
  pairs: readonly Pair[],
  rounds: readonly (readonly MeasuredPair[])[],
): ReadonlyMap<string, readonly Slice[]> {
  const rows = new Map(entrantsOf(pairs).map(({ row }) => [row, [] as Slice[]]))
  for (const measured of rounds) {
    for (const [at, { own, base }] of pairs.entries()) {
      rows.get(own.row)?.push((measured[at] as MeasuredPair).own)
      rows.get(base.row)?.push((measured[at] as MeasuredPair).base)
    }
  }
  return rows
}

/** Formats the figures of all rows, and the ratio of each pair with its spread. */
export function formatComparison({ pairs, title }: Comparison, rounds: readonly (readonly MeasuredPair[])[]): string {
  const figures = [...slicesByRow(pairs, rounds)].map(([row, slices]) => {
    const requests = median(slices.map(({ requestsPerSecond }) => requestsPerSecond))
    return `| ${row} | ${median(slices.map(({ cpu }) => cpu)).toFixed(1)} | ${requests.toFixed(0)} |`
  })
  const ratios = pairs.flatMap(({ own: { row } }, at) => {
    const taken = rounds.map((measured) => (measured[at] as MeasuredPair).ratio)
    return [
      `| ${row} | CPU time (below 1: cheaper) | ${formatRatios(taken.map(({ cpu }) => cpu))} |`,
      `| ${row} | requests a second (above 1: faster) | ${formatRatios(taken.map(({ requestsPerSecond }) => requestsPerSecond))} |`,
    ]
  })
  return [
    '| origin | CPU, µs a request | requests a second |',
    '|---|---|---|',
    ...figures,
    '',
    `| ${title}, ${rounds.length === 1 ? 'one round' : `medians of ${rounds.length} rounds`} | of | ratio | spread |`,
    '|---|---|---|---|',
    ...ratios,
  ].join('\n')
}

function formatRatios(ratios: readonly number[]): string {
  const { low, high, kind } = medianInterval(ratios)
  return `${median(ratios).toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} (${kind})`
}
