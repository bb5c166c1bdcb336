import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { checkMachine } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
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

const { warning } = await checkMachine()
const begin = performance.now()
console.log(`Making ${prepared.toLocaleString('en')} clients: ${Math.ceil((prepared * SECONDS_PER_CLIENT) / 60)} min.`)
const clients = await prepareClients(prepared)
const points = new Map<string, Point[]>()
const steps = curves.flatMap(({ name, sizes, seconds }) =>
  sizes.map((size) => ({ name: pointName(name, size), seconds: seconds(size) })),
)
const progress = new Progress(rounds, steps)
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, sizes, inRotation = false, once = false } of curves) {
      for (const size of sizes) {
        const key = pointName(name, size)
        if (once && round > 1) {
          progress.skip(key)
          continue
        }
        const measured = () => measure(name, size, inRotation ? rotation : WARM_UP)
        const point = await progress.run(round, key, measured, formatPoint)
        points.set(key, [...(points.get(key) ?? []), point])
      }
    }
  }
} finally {
  progress.close()
  clients.remove()
}

const minutes = Math.ceil((performance.now() - begin) / 60_000)
const report = formatGrowth({ curves, points, rounds, minutes, warning })
console.log(`\n${report.tables}`)
if (warning) console.log(`\n${warning}`)
if (!values.quick && values.only === '') {
  writeFileSync(join(import.meta.dirname, '../growth.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../growth.svg'), report.svg)
}

async function measure(name: string, size: number, warmUp: number): Promise<Point> {
  const script = join(import.meta.dirname, 'point.ts')
  const args = [name, String(size), clients.folder, String(warmUp)]
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, ...args])
  return JSON.parse(stdout) as Point
}

function formatPoint({ cost, heap }: Point): string {
  return `${cost.toFixed(1).padStart(7)} µs  ${heap.toFixed(0).padStart(5)} MiB`
}
