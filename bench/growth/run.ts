import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkMachine, forkPinned, nextMessage } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { median } from '../lib/stats.ts'
import { takeTurns } from '../lib/turns.ts'
import { CURVES, type Curve, type Point, pointName, SECONDS_PER_CLIENT, WARM_UP } from './curves.ts'
import { prepareClients } from './prepared-clients.ts'
import { formatGrowth } from './report-growth.ts'

/**
 * `node bench/growth/run.ts [--rounds 5]`: measures a verification as its surroundings grow; writes bench/growth.md and
 * its chart.
 *
 * With `--quick` it runs one round of the sizes below 10,000, prints the figures and publishes nothing.
 * With `--only <text>` it measures the curves whose name contains the text, and publishes nothing.
 */
const { values } = parseArgs({
  options: { rounds: RUN_OPTIONS.rounds, quick: RUN_OPTIONS.quick, only: { type: 'string', default: '' } },
})
const { rounds } = resolveLength(values, { rounds: 5, seconds: 1 })

/** The turns of each number of clients in one round. */
const TURNS = 7

/** Larger sizes take most of the time. */
const limit = values.quick ? 10_000 : Number.POSITIVE_INFINITY
const chosen = CURVES.filter(({ name }) => name.includes(values.only))
/** One client, to which the other numbers of clients are a ratio, is a point of the first curve. */
const isBase = ({ name }: Curve) => name === 'clients' && chosen.some(({ inRotation }) => inRotation)
const curves = CURVES.filter((curve) => chosen.includes(curve) || isBase(curve))
  .map((curve) => ({
    ...curve,
    sizes: curve.sizes.filter((size) => size < limit),
  }))
  .filter(({ sizes }) => sizes.length > 0)
/** The clients once each must last for the warm-up and every measured request. */
const SPARE = 10_000
const prepared = Math.max(SPARE, ...curves.filter(({ ofClients }) => ofClients).flatMap(({ sizes }) => sizes))
const most = Math.max(WARM_UP, ...curves.filter(({ inRotation }) => inRotation).flatMap(({ sizes }) => sizes))
/** Each client once, and then as the curve draws them. Every size gets as many, for as many nonces in the memory. */
const rotation = Math.ceil(most * 1.2)

/** A point that is to be measured. */
interface Place {
  readonly curve: Curve
  readonly size: number
  /** Its name among the results. */
  readonly key: string
}

const { warning } = await checkMachine()
const begin = performance.now()
console.log(`Making ${prepared.toLocaleString('en')} clients: ${Math.ceil((prepared * SECONDS_PER_CLIENT) / 60)} min.`)
const clients = await prepareClients(prepared)
const points = new Map<string, Point[]>()
const all = curves.flatMap((curve) => curve.sizes.map((size) => ({ curve, size, key: pointName(curve.name, size) })))
const rotating = all.filter(({ curve }) => curve.inRotation)
const alone = all.filter(({ curve }) => !curve.inRotation)
const guess = ({ curve, size }: Place) => curve.seconds(size)
const IN_TURNS = 'clients in rotation'
const progress = new Progress(rounds, [
  ...(rotating.length > 0 ? [{ name: IN_TURNS, seconds: rotating.reduce((sum, place) => sum + guess(place), 0) }] : []),
  ...alone.map((place) => ({ name: place.key, seconds: guess(place) })),
])
try {
  for (let round = 1; round <= rounds; round += 1) {
    if (rotating.length > 0) {
      const measured = await progress.run(round, IN_TURNS, measureInTurns, formatPoints)
      for (const [at, place] of rotating.entries()) keep(place, measured[at] as Point)
    }
    for (const place of alone) {
      if (place.curve.once && round > 1) progress.skip(place.key)
      else keep(place, await progress.run(round, place.key, () => measureAlone(place), formatPoint))
    }
  }
} finally {
  progress.close()
  clients.remove()
}

const minutes = Math.ceil((performance.now() - begin) / 60_000)
const report = formatGrowth({ curves, points, rounds, turns: TURNS, minutes, warning })
console.log(`\n${report.tables}`)
if (warning) console.log(`\n${warning}`)
if (!values.quick && values.only === '') {
  writeFileSync(join(import.meta.dirname, '../growth.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../growth.svg'), report.svg)
}

function keep({ key }: Place, point: Point): void {
  points.set(key, [...(points.get(key) ?? []), point])
}

/** Numbers of clients are compared with one client: their processes run at the same time, and take turns. */
async function measureInTurns(): Promise<readonly Point[]> {
  const started: { readonly child: ChildProcess; readonly point: Point }[] = []
  try {
    for (const place of rotating) started.push(await startPoint(place, rotation))
    const costs = await takeTurns(TURNS, started, async ({ child }) => {
      child.send('turn')
      return await nextMessage<number>(child)
    })
    return started.map(({ point }, at) => ({ ...point, cost: median(costs[at] ?? []) }))
  } finally {
    for (const { child } of started) child.disconnect()
  }
}

async function measureAlone(place: Place): Promise<Point> {
  const { child, point } = await startPoint(place, WARM_UP)
  child.disconnect()
  return point
}

/** Starts the process of a point, warms it up, and measures it once. */
async function startPoint({ curve, size }: Place, warmUp: number) {
  const script = join(import.meta.dirname, 'point.ts')
  const child = forkPinned('measured', script, [curve.name, `${size}`, clients.folder, `${warmUp}`], ['--expose-gc'])
  return { child, point: await nextMessage<Point>(child) }
}

function formatPoints(measured: readonly Point[]): string {
  return measured.map((point, at) => `\n     ${rotating[at]?.key.padEnd(38)} ${formatPoint(point)}`).join('')
}

function formatPoint({ cost, heap }: Point): string {
  return `${cost.toFixed(1).padStart(7)} µs  ${heap.toFixed(0).padStart(5)} MiB`
}
