import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { checkMachine } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { CURVES, formatPage, formatTables, type Point, pointName } from './report.ts'

/**
 * `node bench/growth/run.ts [--rounds 3]`: measures a verification as its surroundings grow; writes bench/growth.md.
 *
 * With `--quick` it runs one round of the sizes below 10,000, prints the figures and publishes nothing.
 */
const { values } = parseArgs({ options: { rounds: RUN_OPTIONS.rounds, quick: RUN_OPTIONS.quick } })
const { rounds } = resolveLength(values, { rounds: 3, seconds: 1 })
/** Larger sizes take most of the time, to make their certificates and tokens. */
const limit = values.quick ? 10_000 : Number.POSITIVE_INFINITY
const curves = CURVES.map((curve) => ({ ...curve, sizes: curve.sizes.filter((size) => size < limit) }))

const { warning } = await checkMachine()
const points = new Map<string, Point[]>()
const steps = curves.flatMap(({ name, sizes, secondsPerUnit }) =>
  sizes.map((size) => ({ name: pointName(name, size), seconds: 1.5 + Math.min(size * secondsPerUnit, 15) })),
)
const progress = new Progress(rounds, steps)
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, sizes } of curves) {
      for (const size of sizes) {
        const key = pointName(name, size)
        const point = await progress.run(round, key, () => measure(name, size), formatPoint)
        points.set(key, [...(points.get(key) ?? []), point])
      }
    }
  }
} finally {
  progress.close()
}

if (values.quick) console.log(`\n${formatTables(curves, points)}`)
else writeFileSync(join(import.meta.dirname, '../growth.md'), formatPage(formatTables(curves, points), rounds, warning))
if (warning) console.log(`\n${warning}`)

async function measure(name: string, size: number): Promise<Point> {
  const script = join(import.meta.dirname, 'point.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, name, String(size)])
  return JSON.parse(stdout) as Point
}

function formatPoint({ cost, heap }: Point): string {
  return `${cost.toFixed(1).padStart(7)} µs  ${heap.toFixed(0).padStart(5)} MiB`
}
