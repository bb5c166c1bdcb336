import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { checkMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { requireRedis } from '../lib/pinned-redis.ts'
import { Progress } from '../lib/progress.ts'
import { type Sample, takeSamples } from '../lib/sample.ts'
import { formatSlice } from '../lib/stats.ts'
import { compareAgainst } from './against.ts'
import { type Comparison, type Entrant, entrantOf, formatComparison, type MeasuredPair, type Pair } from './compare.ts'
import { CONTENDERS } from './contenders.ts'
import { contenderOf, guessSeconds, measurePair, WARM_UP } from './measure.ts'
import { formatReport } from './report.ts'
import { formatWatched } from './report-watched.ts'
import { WATCHED_COMPARISON } from './watched.ts'

/**
 * `node bench/origin/run.ts [--rounds 5] [--seconds 1]`: measures origins side by side and writes bench/README.md.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one turn, in about four minutes
 * - `--only <text>`: only the contenders whose name contains the text
 * - `--cpu-prof`: every server leaves a profile in bench/profiles
 * - `--against <folder>`: compares the plugin with that of another checkout, in 12 rounds
 *
 * With `--watched` it compares the plugin with everything on that watches it, in 12 rounds, and writes bench/watched.md.
 */
const { values } = parseArgs({
  options: {
    ...RUN_OPTIONS,
    only: { type: 'string', default: '' },
    'cpu-prof': { type: 'boolean', default: false },
    against: { type: 'string' },
    watched: { type: 'boolean', default: false },
  },
})
const comparison = values.against ? compareAgainst(values.against) : values.watched ? WATCHED_COMPARISON : undefined
const { rounds, seconds } = resolveLength(values, { rounds: comparison ? 12 : 5, seconds: 1 })
/** A comparison has few entrants, and a small difference to find. */
const turns = values.quick ? 1 : comparison ? 7 : 3
const lengths = { turns, seconds, warmUp: values.quick ? seconds : WARM_UP }
const [BARE = '', ...OTHERS] = Object.keys(CONTENDERS)
const PROFILES = join(import.meta.dirname, '../profiles')
const pairs: readonly Pair[] =
  comparison?.pairs ??
  OTHERS.filter((name) => name.includes(values.only)).map((name) => ({ own: entrantOf(name), base: entrantOf(BARE) }))
if (pairs.length === 0) throw new TypeError(`--only: no contender's name contains "${values.only}"`)

requireWrk()
if (pairs.some(({ own }) => contenderOf(own.name).needsRedis)) requireRedis()
const { load, warning } = await checkMachine()
const { awake, release } = keepAwake()
const samples = await takeSamples()
const compared = pairs.map((pair) => ({ ...pair, rounds: [] as MeasuredPair[] }))
const steps = pairs.map((pair) => ({ name: pair.own.row, seconds: guessSeconds(pair, lengths) }))
const progress = new Progress(rounds, steps)
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const pair of compared) {
      const measurement = () => measurePair(pair, sampleOf, lengths, profileFlags)
      pair.rounds.push(await progress.run(round, pair.own.row, measurement, formatPair))
    }
  }
} finally {
  progress.close()
  release()
  await samples[Symbol.asyncDispose]()
}

/** Figures of a short run, or of a part, are not published. */
const isWhole = values.only === '' && !values['cpu-prof'] && !values.quick
if (comparison) publishComparison(comparison)
else publish()
if (warning) console.log(`\n${warning}`)
if (values['cpu-prof']) console.log(`\nThe profiles are in ${PROFILES}.`)

function formatPair({ own, ratio }: MeasuredPair): string {
  return `${formatSlice(own)}  ${ratio.requestsPerSecond.toFixed(3)} of its base`
}

function sampleOf({ name }: Entrant): Sample {
  return samples[contenderOf(name).load === 'ed25519' ? 'ed25519' : 'hmac']
}

function publish(): void {
  const report = formatReport({ pairs: compared, rounds, lengths, awake, load, warning })
  console.log(`\n${report.table}`)
  if (!isWhole) return
  writeFileSync(join(import.meta.dirname, '../README.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../chart.svg'), report.svg)
}

function publishComparison(comparison: Comparison): void {
  const table = formatComparison(comparison.title, compared)
  console.log(`\n${table}`)
  if (comparison !== WATCHED_COMPARISON || !isWhole) return
  const page = formatWatched({ table, rounds, lengths, awake, load, warning })
  writeFileSync(join(import.meta.dirname, '../watched.md'), page)
}

function profileFlags({ row }: Entrant): string[] {
  if (!values['cpu-prof']) return []
  const file = row.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`, `--cpu-prof-name=${file}.cpuprofile`]
}
