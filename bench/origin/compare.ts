import { join } from 'node:path'
import { median, medianInterval, ratiosByRound, type Slice } from '../lib/stats.ts'

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

/** Contenders that a run compares in pairs, instead of with bare Fastify. */
export interface Comparison {
  readonly entrants: readonly Entrant[]
  /** The rows to compare, each with the row that it is divided by. */
  readonly pairs: readonly { readonly row: string; readonly base: string }[]
  /** The two sides of each ratio. */
  readonly title: string
}

/** Formats the figures of all rows, and the ratio of each pair with its spread. */
export function formatComparison({ pairs, title }: Comparison, slices: ReadonlyMap<string, readonly Slice[]>): string {
  const figures = [...slices].map(([row, own]) => {
    const requests = median(own.map(({ requestsPerSecond }) => requestsPerSecond))
    return `| ${row} | ${median(own.map(({ cpu }) => cpu)).toFixed(1)} | ${requests.toFixed(0)} |`
  })
  const ratios = pairs.flatMap(({ row, base }) => {
    const [ours, others] = [slices.get(row) ?? [], slices.get(base) ?? []]
    return [
      `| ${row} | CPU time (below 1: cheaper) | ${formatRatios(ratiosByRound(ours, others, (one, other) => one.cpu / other.cpu))} |`,
      `| ${row} | requests a second (above 1: faster) | ${formatRatios(
        ratiosByRound(ours, others, (one, other) => one.requestsPerSecond / other.requestsPerSecond),
      )} |`,
    ]
  })
  const rounds = slices.values().next().value?.length ?? 0
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

function formatRatios(ratios: readonly number[]): string {
  const { low, high, kind } = medianInterval(ratios)
  return `${median(ratios).toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} (${kind})`
}
