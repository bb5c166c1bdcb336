import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { checkMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { requireRedis } from '../lib/pinned-redis.ts'
import { Progress } from '../lib/progress.ts'
import { takeSamples } from '../lib/sample.ts'
import { CHANGING_NAME } from '../origin/changing.ts'
import { entrantOf } from '../origin/compare.ts'
import { CONTENDERS } from '../origin/contenders.ts'
import { contenderOf, measure, WARM_UP } from '../origin/measure.ts'
import { type ByShare, isBorne, isLate, measureLatency } from './measure-latency.ts'
import { formatLatency } from './report-latency.ts'

/**
 * `node bench/latency/run.ts [--rounds 5] [--seconds 5]`: measures latencies at a constant rate; writes
 * bench/latency.md and its chart. It exits with 1 when the load itself was late in most rounds of a row.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one second, which is not repeated when the load itself was late
 * - `--contender <name>`: this row of `pnpm bench` beside bare Fastify; may be repeated
 */
const { values } = parseArgs({ options: { ...RUN_OPTIONS, contender: { type: 'string', multiple: true } } })
const { rounds, seconds } = resolveLength(values, { rounds: 5, seconds: 5 })
const [BARE = ''] = Object.keys(CONTENDERS)
const PUBLISHED = [
  'Countersign, in full',
  CHANGING_NAME,
  // With a store that the processes share, the latency contains a round trip.
  ...Object.keys(CONTENDERS).filter((name) => contenderOf(name).needsRedis && !name.includes('one by one')),
  'jose, each request',
  'fastify-jwt-jwks, cached',
]
const rows = [BARE, ...(values.contender ?? PUBLISHED)]
for (const name of rows) if (!contenderOf(name)) throw new TypeError(`--contender: "${name}" is unknown`)

requireWrk()
if (rows.some((name) => contenderOf(name).needsRedis)) requireRedis()
const { load, warning } = await checkMachine()
const { awake, release } = keepAwake()
const samples = await takeSamples()
const CAPACITY = `capacity of ${BARE}`
const progress = new Progress(rounds, [
  { name: CAPACITY, seconds: 10 },
  ...rows.map((name) => ({ name, seconds: name === CHANGING_NAME ? 170 : 24 + 4 * seconds })),
])
const capacities: number[] = []
/** The rows that a late load has disturbed, and in how many rounds. */
const late = new Map<string, number>()
const measured = new Map<string, ByShare[]>(rows.map((name) => [name, []]))
try {
  for (let round = 1; round <= rounds; round += 1) {
    const slice = () => measure(entrantOf(BARE), samples.hmac, { seconds: Math.min(seconds, 2), warmUp: WARM_UP })
    const { requestsPerSecond } = await progress.run(
      round,
      CAPACITY,
      slice,
      (of) => `${Math.round(of.requestsPerSecond)} /s`,
    )
    capacities.push(requestsPerSecond)
    for (const name of rows) {
      const sample = samples[contenderOf(name).load === 'ed25519' ? 'ed25519' : 'hmac']
      const row = () => measureLatency(name, sample, requestsPerSecond, seconds, values.quick ? 1 : undefined)
      const byShare = await progress.run(round, name, row, formatRow)
      if (isLate(byShare)) late.set(name, (late.get(name) ?? 0) + 1)
      measured.get(name)?.push(byShare)
    }
  }
} finally {
  progress.close()
  release()
  await samples[Symbol.asyncDispose]()
}

const warnings = [warning ?? '', describeLateness()].filter((each) => each !== '')
const report = formatLatency({ measured, capacities, bare: BARE, rounds, seconds, awake, load, warnings })
console.log(`\n${[report.tables, ...warnings].join('\n\n')}`)
// The page states it too, as it states a busy machine.
if ([...late.values()].some(outweighs)) process.exitCode = 1
if (!values.quick && !values.contender) {
  writeFileSync(join(import.meta.dirname, '../latency.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../latency.svg'), report.svg)
}

/** Whether a late load decides the median of this number of rounds. */
function outweighs(count: number): boolean {
  return count > (rounds - 1) / 2
}

function describeLateness(): string {
  if (late.size === 0) return ''
  const rows = [...late].map(([name, count]) => `${name} (${count} of ${rounds} rounds)`).join('; ')
  const advice = [...late.values()].some(outweighs) ? 'figures, if it was late in most rounds' : 'largest figures'
  return `The load itself was late for ${rows}: do not believe their ${advice}.`
}

function formatRow(byShare: ByShare): string {
  const parts = [...byShare].map(([share, paced]) => {
    const [p50, p99, p999, lag] = [paced.p50, paced.p99, paced.p999, paced.lag].map((ms) => ms.toFixed(2))
    return isBorne(paced) ? `${share}: ${p50} ${p99} ${p999} (lag ${lag})` : `${share}: not borne`
  })
  return parts.join('  ')
}
