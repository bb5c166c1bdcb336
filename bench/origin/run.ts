import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { checkMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { takeSamples } from '../lib/sample.ts'
import { formatSlice, type Slice } from '../lib/stats.ts'
import { entrantsAgainst, formatComparison } from './against.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { type Entrant, guessSeconds, measure, THIS_CHECKOUT } from './measure.ts'
import { formatReport } from './report.ts'

/**
 * `node bench/origin/run.ts [--rounds 5] [--seconds 2]`: measures origins side by side and writes bench/README.md.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one second, in less than two minutes
 * - `--only <text>`: only the contenders whose name contains the text
 * - `--cpu-prof`: every server leaves a profile in bench/profiles
 * - `--against <folder>`: compares the plugin with that of another checkout, in 12 rounds
 */
const { values } = parseArgs({
  options: {
    ...RUN_OPTIONS,
    only: { type: 'string', default: '' },
    'cpu-prof': { type: 'boolean', default: false },
    against: { type: 'string' },
  },
})
const { rounds, seconds } = resolveLength(values, { rounds: values.against ? 12 : 5, seconds: 2 })
const [BARE = ''] = Object.keys(CONTENDERS)
const PROFILES = join(import.meta.dirname, '../profiles')
const entrants: readonly Entrant[] = values.against
  ? entrantsAgainst(values.against)
  : Object.keys(CONTENDERS)
      .filter((name) => name === BARE || name.includes(values.only))
      .map((name) => ({ row: name, name, checkout: THIS_CHECKOUT }))
const contenderOf = ({ name }: Entrant) => CONTENDERS[name] as Contender

requireWrk()
const { load, warning } = await checkMachine()
const { awake, release } = keepAwake()
const samples = await takeSamples()
const slices = new Map<string, Slice[]>(entrants.map(({ row }) => [row, []]))
const steps = entrants.map((entrant) => ({ name: entrant.row, seconds: guessSeconds(contenderOf(entrant), seconds) }))
const progress = new Progress(rounds, steps)
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const entrant of inOrder(entrants, round)) {
      const sample = samples[contenderOf(entrant).load === 'ed25519' ? 'ed25519' : 'hmac']
      const measured = () => measure(entrant, sample, seconds, profileFlags(entrant))
      slices.get(entrant.row)?.push(await progress.run(round, entrant.row, measured, formatSlice))
    }
  }
} finally {
  progress.close()
  release()
  await samples[Symbol.asyncDispose]()
}

if (values.against) console.log(`\n${formatComparison(slices)}`)
else publish()
if (warning) console.log(`\n${warning}`)
if (values['cpu-prof']) console.log(`\nThe profiles are in ${PROFILES}.`)

/** The contenders take turns, so a slow minute of the machine affects all of them. */
function inOrder(entrants: readonly Entrant[], round: number): readonly Entrant[] {
  // Of two checkouts, neither is always the first: the second one finds a warmer machine.
  return values.against && round % 2 === 0 ? entrants.toReversed() : entrants
}

function publish(): void {
  const report = formatReport({ slices, bare: BARE, rounds, seconds, awake, load, warning })
  console.log(`\n${report.table}`)
  if (values.only !== '' || values['cpu-prof'] || values.quick) return
  writeFileSync(join(import.meta.dirname, '../README.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, '../chart.svg'), report.svg)
}

function profileFlags({ row }: Entrant): string[] {
  if (!values['cpu-prof']) return []
  const file = row.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`, `--cpu-prof-name=${file}.cpuprofile`]
}
