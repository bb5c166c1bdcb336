import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { median, medianInterval, ratiosByRound, type Slice } from '../lib/stats.ts'
import { type Entrant, THIS_CHECKOUT } from './measure.ts'

/** The contenders that run the plugin of both checkouts. */
const COMPARED = ['Countersign, in full', 'Countersign, edge: null'] as const
const otherRow = (name: string) => `${name}, other checkout`

/**
 * Lists the entrants of a comparison with another checkout of this repository.
 *
 * Both use this checkout's Fastify, requests and options. The plugin and its own imports are the only difference.
 *
 * @param folder - the other checkout, with its dependencies installed
 * @throws TypeError when the folder has no plugin
 */
export function entrantsAgainst(folder: string): Entrant[] {
  const other = resolve(folder)
  if (!existsSync(join(other, 'packages/origin-plugin/src/index.ts'))) {
    throw new TypeError(`--against: "${folder}" is not a checkout of this repository; pass its root folder`)
  }
  if (!existsSync(join(other, 'packages/origin-plugin/node_modules'))) {
    throw new TypeError(`--against: "${folder}" has no dependencies; run pnpm install there`)
  }
  return COMPARED.flatMap((name) => [
    { row: name, name, checkout: THIS_CHECKOUT },
    { row: otherRow(name), name, checkout: other },
  ])
}

/** Formats the figures of both checkouts, and the ratio between them with its spread. */
export function formatComparison(slices: ReadonlyMap<string, readonly Slice[]>): string {
  const figures = [...slices].map(([row, own]) => {
    const requests = median(own.map(({ requestsPerSecond }) => requestsPerSecond))
    return `| ${row} | ${median(own.map(({ cpu }) => cpu)).toFixed(1)} | ${requests.toFixed(0)} |`
  })
  const ratios = COMPARED.flatMap((name) => {
    const [ours, others] = [slices.get(name) ?? [], slices.get(otherRow(name)) ?? []]
    return [
      `| ${name} | CPU time (below 1: cheaper) | ${formatRatios(ratiosByRound(ours, others, (one, other) => one.cpu / other.cpu))} |`,
      `| ${name} | requests a second (above 1: faster) | ${formatRatios(
        ratiosByRound(ours, others, (one, other) => one.requestsPerSecond / other.requestsPerSecond),
      )} |`,
    ]
  })
  const rounds = slices.get(COMPARED[0])?.length ?? 0
  return [
    '| origin | CPU, µs a request | requests a second |',
    '|---|---|---|',
    ...figures,
    '',
    `| this checkout / the other, ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`} | of | ratio | spread |`,
    '|---|---|---|---|',
    ...ratios,
  ].join('\n')
}

function formatRatios(ratios: readonly number[]): string {
  const { low, high, kind } = medianInterval(ratios)
  return `${median(ratios).toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} (${kind})`
}
