import { describeMachine } from '../lib/machine.ts'
import { median, medianInterval } from '../lib/stats.ts'
import { CHANGING_NAME } from '../origin/changing.ts'
import { type Figures, formatChart, formatMilliseconds } from './latency-chart.ts'
import { type ByShare, isBorne, SHARES } from './measure-latency.ts'
import type { Paced } from './paced-load.ts'

/** The measurements of a run, and its conditions. */
export interface MeasuredLatency {
  /** One entry a round, by row. */
  readonly measured: ReadonlyMap<string, readonly ByShare[]>
  /** The requests a second that bare Fastify bore in each round. */
  readonly capacities: readonly number[]
  readonly bare: string
  readonly rounds: number
  readonly seconds: number
  /** Whether the system kept idle processors awake. */
  readonly awake: boolean
  readonly load: number
  /** A busy machine, and rows that a late load has disturbed. */
  readonly warnings: readonly string[]
}

/** Formats the results as tables, the page around them, and a chart. */
export function formatLatency(run: MeasuredLatency): { tables: string; markdown: string; svg: string } {
  const tables = [...SHARES.map((share) => formatTable(share, run)), formatDisturbance(run)].filter(
    (each) => each !== '',
  )
  const svg = formatChart(SHARES.map((share) => ({ share, rows: figuresAt(share, run) })))
  return { tables: tables.join('\n\n'), markdown: formatPage(tables.join('\n\n'), run), svg }
}

function figuresAt(share: number, { measured }: MeasuredLatency): (Figures | { readonly name: string })[] {
  return [...measured].flatMap(([name, rounds]) => {
    // The disturbances are measured at some shares only.
    if (name === CHANGING_NAME && !rounds.some((round) => round.has(share))) return []
    const of = bornBy(rounds, share)
    if (!of) return [{ name }]
    const middle = (read: (paced: Paced) => number) => median(of.map(read))
    return [{ name, p50: middle(({ p50 }) => p50), p99: middle(({ p99 }) => p99), p999: middle(({ p999 }) => p999) }]
  })
}

/** The measurements of a row at a share, if it bore the rate in every round. */
function bornBy(rounds: readonly ByShare[], share: number): readonly Paced[] | undefined {
  const of = rounds.map((round) => round.get(share))
  return of.every((paced) => paced !== undefined && isBorne(paced)) ? (of as Paced[]) : undefined
}

function formatTable(share: number, run: MeasuredLatency): string {
  const { measured, bare, capacities } = run
  const base = bornBy(measured.get(bare) ?? [], share)
  const rows = figuresAt(share, run).map((figures) => {
    const of = bornBy(measured.get(figures.name) ?? [], share)
    if (!of || !('p50' in figures)) return `| ${figures.name} | does not bear this rate | | | |`
    const added = base ? formatSpread(of.map(({ p99 }, round) => p99 - (base[round]?.p99 ?? Number.NaN))) : ''
    const [p50, p99] = [figures.p50, figures.p99].map(formatMilliseconds)
    const p999 = formatSpread(of.map((paced) => paced.p999))
    return `| ${figures.name} | ${p50} | ${p99} | ${p999} | ${figures.name === bare ? '' : added} |`
  })
  const rate = Math.round((median(capacities) * share) / 100) * 100
  return [
    `| at ${share * 100} %: ${rate.toLocaleString('en')} requests a second | p50, ms | p99, ms | p99.9, ms | added p99, ms |`,
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** The difference that rotation and reload make to the same origin in the same round. */
function formatDisturbance({ measured }: MeasuredLatency): string {
  const [changing, quiet] = [measured.get(CHANGING_NAME), measured.get('Countersign, in full')]
  if (!changing || !quiet) return ''
  const rows = SHARES.flatMap((share) => {
    const [of, base] = [bornBy(changing, share), bornBy(quiet, share)]
    if (!of || !base) return []
    const more = formatSpread(of.map(({ p999 }, round) => p999 - (base[round]?.p999 ?? Number.NaN)))
    return [`| ${share * 100} % | ${more} |`]
  })
  return ['| rotation and reload | added p99.9, ms |', '|---|---|', ...rows].join('\n')
}

function formatSpread(values: readonly number[]): string {
  const { low, high } = medianInterval(values)
  return `${formatMilliseconds(median(values))} (${formatMilliseconds(low)} to ${formatMilliseconds(high)})`
}

function formatPage(tables: string, { rounds, seconds, awake, load, warnings, capacities }: MeasuredLatency): string {
  const [low, high] = [Math.min(...capacities), Math.max(...capacities)].map((each) => Math.round(each / 100) * 100)
  return `# Latency

Written by \`pnpm bench:latency\`; do not edit.

${tables}

![latency of each origin by rate](latency.svg)

## Method

The load has a constant rate: a share of the requests a second that bare Fastify bears in the same round (${low?.toLocaleString('en')} to ${high?.toLocaleString('en')}).
Each request has an intended time, and its latency counts from that time.
So a slow answer delays the requests behind it visibly, as it delays users (wrk2's method, without coordinated omission).
An origin that does not bear a rate has no latency at that rate: its queue grows as long as the load runs.

Load and origin have a core each, and 64 keep-alive connections.
Every thread of an origin shares its core, also the thread that loads a revocation list.
The load reports its own delay.
The run fails unless it sent 99.9 % of the requests within 2 ms of their time.
Redis shares the core of the load.
Each figure is the median of ${rounds === 1 ? 'one round' : `${rounds} rounds`} of ${seconds} s, after a warm-up and one second that is not recorded.
The origins take turns within a round, each in a new process.
Added latencies are differences within a round.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.

While keys rotate, the edge key and the Access key change in the middle of the measurement, and the list is loaded again every two seconds.
The origin waits for half a minute before, because the plugin fetches unknown Access keys once in 30 s.
${awake ? 'Idle processors were kept awake (`/dev/cpu_dma_latency`).' : 'Idle processors could not be kept awake (`/dev/cpu_dma_latency`).'}

${describeMachine()}; its load before the start was ${load.toFixed(1)}.${warnings.map((each) => `\n${each}`).join('')}
`
}
