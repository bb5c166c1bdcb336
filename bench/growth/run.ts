import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { checkMachine, describeMachine } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { median } from '../lib/stats.ts'

/**
 * `node bench/growth/run.ts [--rounds 3]`: measures a verification as its surroundings grow; writes bench/growth.md.
 *
 * With `--quick` it runs one round of the sizes below 10,000, prints the figures and publishes nothing.
 */
const { values } = parseArgs({ options: { rounds: RUN_OPTIONS.rounds, quick: RUN_OPTIONS.quick } })
const { rounds } = resolveLength(values, { rounds: 3, seconds: 1 })

/** A quantity that grows, measured at some sizes. */
interface Curve {
  readonly name: string
  /** Its sizes in words, for the head of the table. */
  readonly of: string
  readonly sizes: readonly number[]
  /** A guess of the time to prepare one unit of its size. */
  readonly secondsPerUnit: number
}

/** Every curve. point.ts builds an origin for each of them, by name. */
const CURVES: readonly Curve[] = [
  {
    name: 'fingerprints',
    of: 'fingerprints in the allow-list of the route',
    sizes: [1, 1_000, 100_000, 1_000_000],
    secondsPerUnit: 7e-6,
  },
  { name: 'routes', of: 'routes, each with a guard', sizes: [1, 100, 1_000, 10_000], secondsPerUnit: 4e-4 },
  {
    name: 'clients',
    of: 'clients in rotation, each with a token and a certificate of its own',
    sizes: [1, 100, 1_000, 2_000, 10_000, 100_000],
    secondsPerUnit: 1.4e-3,
  },
  { name: 'chain', of: 'certificates in `Client-Cert-Chain`', sizes: [0, 1, 5, 10, 20], secondsPerUnit: 0 },
  { name: 'new tokens, Countersign', of: 'a token that was never seen, in full', sizes: [1], secondsPerUnit: 3 },
  { name: 'new tokens, jose', of: 'the same token with jose alone', sizes: [1], secondsPerUnit: 3 },
]

/** One measurement of one size. */
interface Point {
  /** Microseconds of CPU time a request. */
  readonly cost: number
  /** MiB. */
  readonly heap: number
}

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

const tables = formatTables(curves, points)
console.log(`\n${tables}`)
if (warning) console.log(`\n${warning}`)
if (!values.quick) writeFileSync(join(import.meta.dirname, '../growth.md'), formatPage(tables, rounds, warning))

function pointName(curve: string, size: number): string {
  return `${curve} ${size}`
}

async function measure(name: string, size: number): Promise<Point> {
  const script = join(import.meta.dirname, 'point.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, name, String(size)])
  return JSON.parse(stdout) as Point
}

function formatPoint({ cost, heap }: Point): string {
  return `${cost.toFixed(1).padStart(7)} µs  ${heap.toFixed(0).padStart(5)} MiB`
}

/** Formats one table per curve, with the median of each point. */
function formatTables(curves: readonly Curve[], points: ReadonlyMap<string, readonly Point[]>): string {
  const row = (name: string, size: number) => {
    const measured = points.get(pointName(name, size)) ?? []
    const [cost, heap] = [median(measured.map((point) => point.cost)), median(measured.map((point) => point.heap))]
    return `| ${size.toLocaleString('en')} | ${cost.toFixed(1)} | ${heap.toFixed(0)} |`
  }
  const tables = curves.map(({ name, of, sizes }) =>
    [`| ${of} | CPU, µs a request | memory, MiB |`, '|---|---|---|', ...sizes.map((size) => row(name, size))].join(
      '\n',
    ),
  )
  return tables.join('\n\n')
}

/** Formats the page around the tables. */
function formatPage(tables: string, rounds: number, warning: string | undefined): string {
  return `# Growth

Written by \`pnpm bench:growth\`; do not edit.

${tables}

The plugin caches up to 5,000 tokens and 2,000 certificates.
A client that is not in the caches costs three checks: its token, its certificate, and the issuer's signature on it.

## Method

Each figure comes from its own process, without sockets.
Fastify's router gets requests as Node's parser would pass them: each string is new, and each request is signed with its own nonce.
CPU time is that of all threads, and the median of 60 batches of 100 requests.
Each figure is the median of ${rounds === 1 ? 'one such round' : `${rounds} such rounds`}.
Memory is the heap, external memory and array buffers after a garbage collection.
It includes the keys, tokens and certificates of the measurement itself.

${describeMachine()}.${warning ? `\n${warning}` : ''}
`
}
