import { describeMachine } from '../lib/machine.ts'
import { formatSpreadBy, median } from '../lib/stats.ts'
import { CHANGING_NAME } from '../origin/changing.ts'
import { type Figures, formatChart, formatMilliseconds } from './latency-chart.ts'
import { type ByShare, CHANGING_SHARES, isBorne, MOST_LAG, SHARES, UNRECORDED } from './measure-latency.ts'
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
    if (name === CHANGING_NAME && !CHANGING_SHARES.includes(share)) return []
    const of = roundsAt(rounds, share)
    const middle = (read: (paced: Paced) => number) => median(of.map(read))
    const figures = { p50: middle(({ p50 }) => p50), p99: middle(({ p99 }) => p99), p999: middle(({ p999 }) => p999) }
    return [Number.isFinite(figures.p50) ? { name, ...figures } : { name }]
  })
}

/** A round in which a row did not bear the rate. Its latency would grow with the round. */
const NOT_BORNE: Paced = {
  answered: 0,
  p50: Number.POSITIVE_INFINITY,
  p99: Number.POSITIVE_INFINITY,
  p999: Number.POSITIVE_INFINITY,
  lag: Number.POSITIVE_INFINITY,
}

/** The measurements of a row at a share, one a round. */
function roundsAt(rounds: readonly ByShare[], share: number): readonly Paced[] {
  return rounds.map((round) => {
    const paced = round.get(share)
    return paced && isBorne(paced) ? paced : NOT_BORNE
  })
}

/** The difference to another row in each round in which that one bore the rate. */
function addedTo(base: readonly Paced[], of: readonly Paced[], read: (paced: Paced) => number): string {
  const added = of.flatMap((paced, round) => {
    const other = base[round] ?? NOT_BORNE
    return other === NOT_BORNE ? [] : [read(paced) - read(other)]
  })
  return added.length > 0 ? formatSpreadBy(added, formatMilliseconds) : ''
}

function formatTable(share: number, run: MeasuredLatency): string {
  const { measured, bare, capacities } = run
  const base = roundsAt(measured.get(bare) ?? [], share)
  const rows = figuresAt(share, run).map((figures) => {
    if (!('p50' in figures)) return `| ${figures.name} | does not bear this rate | | | | |`
    const of = roundsAt(measured.get(figures.name) ?? [], share)
    const [p50, p99] = [figures.p50, figures.p99].map(formatMilliseconds)
    const p999 = formatSpreadBy(
      of.map((paced) => paced.p999),
      formatMilliseconds,
    )
    const added = figures.name === bare ? '' : addedTo(base, of, (paced) => paced.p99)
    const lag = formatSpreadBy(
      of.map((paced) => paced.lag),
      formatMilliseconds,
    )
    return `| ${figures.name} | ${p50} | ${p99} | ${p999} | ${added} | ${lag} |`
  })
  const rate = Math.round((median(capacities) * share) / 100) * 100
  return [
    `| at ${share * 100} %: ${rate.toLocaleString('en')} requests a second | p50, ms | p99, ms | p99.9, ms | added p99, ms | the load's own delay, ms |`,
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** The difference that rotation and reload make to the same origin in the same round. */
function formatDisturbance({ measured }: MeasuredLatency): string {
  const [changing, quiet] = [measured.get(CHANGING_NAME), measured.get('Countersign, in full')]
  if (!changing || !quiet) return ''
  const rows = CHANGING_SHARES.flatMap((share) => {
    const added = addedTo(roundsAt(quiet, share), roundsAt(changing, share), ({ p999 }) => p999)
    return added === '' ? [] : [`| ${share * 100} % | ${added} |`]
  })
  return ['| rotation and reload | added p99.9, ms |', '|---|---|', ...rows].join('\n')
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
Such a round counts as slower than any other, and a row has figures if it bore the rate in most rounds.

Load and origin have a core each, and 64 keep-alive connections.
Every thread of an origin shares its core, also the thread that loads a revocation list.
The load reports its own delay: within it, the load sent 99.9 % of the requests that it could send in time.
A measurement with a delay above ${MOST_LAG} ms is repeated, at most twice. The end of this page names each row whose last attempt has it too.
No difference below that delay is the origin's.
A virtual machine pauses its cores, and \`node bench/probes/pauses.ts\` shows for how long.
Redis shares the core of the load.
Each figure is the median of ${rounds === 1 ? 'one round' : `${rounds} rounds`} of ${seconds} s, after a warm-up and ${UNRECORDED} s that are not recorded.
The origins take turns within a round, each in a new process.
Added latencies are differences within a round.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.

While keys rotate, the edge key and the Access key change in the middle of the measurement, and the list is loaded again every two seconds.
That origin runs the built plugin, as users do: from the sources, Node would strip types when the thread starts.
Its keys have changed once before, because V8 compiles code at the first change.
Half a minute lies between, because the plugin fetches unknown Access keys once in 30 s.
The origin is loaded all the time, because V8 shrinks the heap of an idle process, and collects garbage when it grows again.
${awake ? 'Idle processors were kept awake (`/dev/cpu_dma_latency`).' : 'Idle processors could not be kept awake (`/dev/cpu_dma_latency`).'}

${describeMachine()}; its load before the start was ${load.toFixed(1)}.${warnings.map((each) => `\n${each}`).join('')}
`
}
