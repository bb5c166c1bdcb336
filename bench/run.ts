import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTENDERS } from './contenders.ts'
import { checkLoad, keepAwake } from './idle.ts'
import { measure, type Slice } from './measure.ts'
import { formatReport } from './report.ts'
import { takeSamples } from './sample.ts'

/**
 * `node bench/run.ts [--rounds 5] [--seconds 2] [--only text] [--cpu-prof]`: measures side by side and writes
 * bench/README.md. With `--cpu-prof` every server leaves a profile in bench/profiles, and nothing is written.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    'cpu-prof': { type: 'boolean', default: false },
  },
})
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
const [BARE = ''] = Object.keys(CONTENDERS)

const samples = await takeSamples()

const load = checkLoad()
const { awake, release } = keepAwake()
const chosen = Object.entries(CONTENDERS).filter(([name]) => name === BARE || name.includes(values.only))
const slices = new Map<string, Slice[]>(chosen.map(([name]) => [name, []]))
for (let round = 1; round <= rounds; round += 1) {
  // Interleaved: a slow minute of the machine then falls on everybody.
  for (const [name, contender] of chosen) {
    const sample = samples[contender.load === 'ed25519' ? 'ed25519' : 'hmac']
    const slice = await measure(name, contender, sample, seconds, profileFlags(name))
    slices.get(name)?.push(slice)
    console.log(
      `${round}/${rounds}  ${name.padEnd(34)} ${slice.cpu.toFixed(1).padStart(7)} µs  ${slice.requestsPerSecond.toFixed(0).padStart(7)} /s`,
    )
  }
}
release()
await samples[Symbol.asyncDispose]()

const report = formatReport({ slices, bare: BARE, rounds, seconds, awake, load })
console.log(`\n${report.table}`)
if (values.only === '' && !values['cpu-prof']) {
  writeFileSync(join(import.meta.dirname, 'README.md'), report.markdown)
  writeFileSync(join(import.meta.dirname, 'chart.svg'), report.svg)
}

function profileFlags(name: string): string[] {
  if (!values['cpu-prof']) return []
  const file = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return ['--cpu-prof', `--cpu-prof-dir=${join(import.meta.dirname, 'profiles')}`, `--cpu-prof-name=${file}.cpuprofile`]
}
