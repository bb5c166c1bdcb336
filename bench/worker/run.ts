import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { checkMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { takeSamples } from '../lib/sample.ts'
import type { Slice } from '../lib/stats.ts'
import { buildContenders, DOCUMENTED, PASS_THROUGH } from './contenders.ts'
import { type RunningWorker, startContender, verifyAtOrigin } from './measure.ts'
import { formatWorkerReport } from './report.ts'

/**
 * `node bench/worker/run.ts [--rounds 5] [--seconds 2]`: measures Workers side by side and writes bench/worker.md.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one second, in less than two minutes
 * - `--only <text>`: only the contenders whose name contains the text, beside the two that they are compared with
 */
const { values } = parseArgs({ options: { ...RUN_OPTIONS, only: { type: 'string', default: '' } } })
const { rounds, seconds } = resolveLength(values, { rounds: 5, seconds: 2 })
requireWrk()
// A signal must also stop the processes that this run started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const { load, warning } = await checkMachine()
const samples = await takeSamples()
const sampleFor = (signature: string) => samples[signature === 'ed25519' ? 'ed25519' : 'hmac']

const chosen = Object.entries(buildContenders()).filter(
  ([name]) => name === PASS_THROUGH || name === DOCUMENTED || name.includes(values.only),
)
try {
  for (const [name, contender] of chosen) {
    if (contender.signature === 'none') continue
    await verifyAtOrigin(contender, sampleFor(contender.signature))
    console.log(`${name}: the origin has verified its request`)
  }
} finally {
  await samples[Symbol.asyncDispose]()
}

const { awake, release } = keepAwake()
const running = new Map<string, RunningWorker>()
const slices = new Map<string, Slice[]>(chosen.map(([name]) => [name, []]))
const steps = chosen.map(([name]) => ({ name, seconds }))
const progress = new Progress(rounds, steps, 0)
try {
  for (const [name, contender] of chosen) {
    const start = async () => {
      const worker = await startContender(name, contender, sampleFor(contender.signature))
      running.set(name, worker)
      await worker.measure(seconds)
    }
    await progress.run(0, name, start, () => 'warm')
  }
  for (let round = 1; round <= rounds; round += 1) {
    // The Workers take turns, so a slow minute of the machine affects all of them.
    for (const [name, worker] of running) {
      const slice = await progress.run(round, name, () => worker.measure(seconds), formatSlice)
      slices.get(name)?.push(slice)
    }
  }
} finally {
  progress.close()
  for (const worker of running.values()) worker.stop()
  release()
}

const report = formatWorkerReport(chosen, slices, { rounds, seconds, awake, load, warning })
console.log(`\n${report.table}`)
if (warning) console.log(`\n${warning}`)
if (values.only === '' && !values.quick) writeFileSync(join(import.meta.dirname, '../worker.md'), report.markdown)

function formatSlice({ cpu, requestsPerSecond }: Slice): string {
  return `${cpu.toFixed(1).padStart(7)} µs  ${requestsPerSecond.toFixed(0).padStart(7)} /s`
}
