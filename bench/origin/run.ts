import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { checkMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { requireRedis } from '../lib/pinned-redis.ts'
import { Progress } from '../lib/progress.ts'
import { type Sample, takeSamples } from '../lib/sample.ts'
import { formatSlice, type Slice } from '../lib/stats.ts'
import { compareAgainst } from './against.ts'
import { type Comparison, type Entrant, entrantOf, formatComparison } from './compare.ts'
import { CONTENDERS } from './contenders.ts'
import { contenderOf, guessSeconds, measureInTurns, WARM_UP } from './measure.ts'
import { formatReport } from './report.ts'
import { formatWatched } from './report-watched.ts'
import { WATCHED_COMPARISON } from './watched.ts'

/**
 * `node bench/origin/run.ts [--rounds 5] [--seconds 1]`: measures origins side by side and writes bench/README.md.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one second, in less than two minutes
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
const [BARE = ''] = Object.keys(CONTENDERS)
const IN_TURNS = 'all of them, in turns'
const PROFILES = join(import.meta.dirname, '../profiles')
const entrants: readonly Entrant[] =
  comparison?.entrants ??
  Object.keys(CONTENDERS)
    .filter((name) => name === BARE || name.includes(values.only))
    .map(entrantOf)

requireWrk()
if (entrants.some(({ name }) => contenderOf(name).needsRedis)) requireRedis()
const { load, warning } = await checkMachine()
const { awake, release } = keepAwake()
const samples = await takeSamples()
const slices = new Map<string, Slice[]>(entrants.map(({ row }) => [row, []]))
const guess = (sum: number, { name }: Entrant) => sum + guessSeconds(contenderOf(name), lengths)
const progress = new Progress(rounds, [{ name: IN_TURNS, seconds: entrants.reduce(guess, 0) }])
try {
  for (let round = 1; round <= rounds; round += 1) {
    const taken = await progress.run(round, IN_TURNS, measureRound, formatRound)
    for (const [at, { row }] of entrants.entries()) slices.get(row)?.push(taken[at] as Slice)
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

function measureRound(): Promise<readonly Slice[]> {
  return measureInTurns(entrants, sampleOf, lengths, profileFlags)
}

function formatRound(taken: readonly Slice[]): string {
  return taken.map((slice, at) => `\n     ${(entrants[at] as Entrant).row.padEnd(38)} ${formatSlice(slice)}`).join('')
}

function sampleOf({ name }: Entrant): Sample {
  return samples[contenderOf(name).load === 'ed25519' ? 'ed25519' : 'hmac']
}

function publish(): void {
  const report = formatReport({ slices, bare: BARE, rounds, lengths, awake, load, warning })
  console.log(`\n${report.table}`)
  if (!isWhole) return
  writeFileSync(join(import.meta.dirname, '../README.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../chart.svg'), report.svg)
}

function publishComparison(compared: Comparison): void {
  const table = formatComparison(compared, slices)
  console.log(`\n${table}`)
  if (compared !== WATCHED_COMPARISON || !isWhole) return
  const page = formatWatched({ table, rounds, lengths, awake, load, warning })
  writeFileSync(join(import.meta.dirname, '../watched.md'), page)
}

function profileFlags({ row }: Entrant): string[] {
  if (!values['cpu-prof']) return []
  const file = row.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`, `--cpu-prof-name=${file}.cpuprofile`]
}
