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

/** A pair, and its rounds. */
export interface ComparedPair extends Pair {
  readonly rounds: readonly MeasuredPair[]
}

/** Formats the figures of all rows, and the ratio of each pair with its spread. */
export function formatComparison(title: string, pairs: readonly ComparedPair[]): string {
  const figures = [...slicesByRow(pairs)].map(([row, slices]) => {
    const requests = median(slices.map(({ requestsPerSecond }) => requestsPerSecond))
    return `| ${row} | ${median(slices.map(({ cpu }) => cpu)).toFixed(1)} | ${requests.toFixed(0)} |`
  })
  const ratios = pairs.flatMap(({ own: { row }, rounds }) => [
    `| ${row} | CPU time (below 1: cheaper) | ${formatRatios(rounds.map(({ ratio }) => ratio.cpu))} |`,
    `| ${row} | requests a second (above 1: faster) | ${formatRatios(rounds.map(({ ratio }) => ratio.requestsPerSecond))} |`,
  ])
  const rounds = pairs[0]?.rounds.length ?? 0
  return [
    '| origin | CPU, µs a request | requests a second |',
    '|---|---|---|',
    ...figures,
    '',
    `| ${title}, ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`} | of | ratio | spread |`,
    '|---|---|---|---|',
    ...ratios,
  ].join('\n')
}

/** The slices of each entrant, the bases first. A base has those of all its pairs. */
function slicesByRow(pairs: readonly ComparedPair[]): ReadonlyMap<string, readonly Slice[]> {
  const rows = new Map<string, Slice[]>()
  for (const side of ['base', 'own'] as const) {
    for (const pair of pairs) {
      const { row } = pair[side]
      rows.set(row, [...(rows.get(row) ?? []), ...pair.rounds.map((round) => round[side])])
    }
  }
  return rows
}

function formatRatios(ratios: readonly number[]): string {
  const { low, high, kind } = medianInterval(ratios)
  return `${median(ratios).toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} (${kind})`
}
