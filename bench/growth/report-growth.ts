import { describeMachine } from '../lib/machine.ts'
import { formatSpread, median } from '../lib/stats.ts'
import { type Curve, type MeasuredCurves, type Point, pointName } from './curves.ts'
import { formatGrowthChart } from './growth-chart.ts'

/** The points of a run, and its conditions. */
export interface MeasuredGrowth extends MeasuredCurves {
  readonly rounds: number
  /** Of each number of clients in a round. */
  readonly turns: number
  /** The duration of the run. */
  readonly minutes: number
  readonly warning: string | undefined
}

/** Formats the results as tables, the page around them, and a chart. */
export function formatGrowth(run: MeasuredGrowth): { tables: string; markdown: string; svg: string } {
  const tables = run.curves.map((curve) => formatTable(curve, run)).join('\n\n')
  return { tables, markdown: formatPage(tables, run), svg: formatGrowthChart(run) }
}

/** One client, which the other numbers of clients are compared with. */
const BASE = pointName('clients', 1)

function formatTable(curve: Curve, run: MeasuredGrowth): string {
  if (curve.inRotation) return formatRotation(curve, run)
  const { name, of, sizes, once } = curve
  const memory = once ? 'memory above the start, MiB' : 'memory, MiB'
  const rows = sizes.map((size) => {
    const measured = run.points.get(pointName(name, size)) ?? []
    const heap = median(measured.map((point) => (once ? point.growth : point.heap)))
    return `| ${sizes.length === 1 && size === 1 ? 'each request' : size.toLocaleString('en')} | ${formatCosts(measured)} | ${heap.toFixed(0)} |`
  })
  return [`| ${of} | CPU, µs a request | ${memory} |`, '|---|---|---|', ...rows].join('\n')
}

/** A table with the ratio to one client in the same round. */
function formatRotation({ name, of, sizes }: Curve, { points }: MeasuredGrowth): string {
  const base = points.get(BASE) ?? []
  const rows = sizes.map((size) => {
    const measured = points.get(pointName(name, size)) ?? []
    const ratios = measured.map(({ cost }, round) => cost / (base[round]?.cost ?? Number.NaN))
    const more = median(measured.map(({ heap }, round) => heap - (base[round]?.heap ?? Number.NaN)))
    const ratio = pointName(name, size) === BASE ? '1' : formatSpread(ratios, 2)
    return `| ${size.toLocaleString('en')} | ${formatCosts(measured)} | ${ratio} | ${more.toFixed(1)} |`
  })
  return [
    `| ${of} | CPU, µs a request | of one client | memory above one client, MiB |`,
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function formatCosts(points: readonly Point[]): string {
  const costs = points.map(({ cost }) => cost)
  return formatSpread(costs, 1)
}

function formatPage(tables: string, { rounds, turns, minutes, warning }: MeasuredGrowth): string {
  return `# Growth

Written by \`pnpm bench:growth\`; do not edit.

![CPU time a request, by the number of clients](growth.svg)

${tables}

## Method

Each figure comes from its own process, without sockets.
Fastify's router gets requests as Node's parser would pass them: each string is new, and each request is signed with its own nonce.
CPU time is that of all threads, and the median of 60 batches of 100 requests.
Each figure is the median of ${rounds === 1 ? 'one such round' : `${rounds} such rounds`}.
The processes of the numbers of clients in rotation run at the same time on one core.
In a round they take ${turns} turns each, and their figures are the medians of the turns.
They have answered 100,000 requests or more by then, and those of the other tables 3,000. V8 compiles the code further in between, so the same request costs some 0.7 as much there.
A ratio compares two points of one round.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.
Memory is the heap, external memory and array buffers after a garbage collection.

Clients in turn come one after another, so each of them was away for as long as possible.
By Zipf's law the client of rank *k* comes 1/*k* times as often as the first.
Each client comes at least once before the measurement.
Every number of clients in rotation gets as many requests before the measurement, so that each process remembers as many nonces.
The certificates and signatures of tokens are made before, on all cores, and a measured process reads them from a file.
One round measures the clients that come once, without protection against replay: its nonces would hide the memory of clients.

The run took ${minutes} min.
${describeMachine()}.${warning ? `\n${warning}` : ''}
`
}
