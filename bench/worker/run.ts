import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkLoad, keepAwake } from '../idle.ts'
import type { Slice } from '../measure.ts'
import { takeSamples } from '../sample.ts'
import { buildContenders, DOCUMENTED, PASS_THROUGH } from './contenders.ts'
import { type RunningWorker, startContender } from './measure.ts'
import { formatWorkerReport } from './report.ts'
import { verifyAtOrigin } from './verify.ts'

/** `node bench/worker/run.ts [--rounds 5] [--seconds 2] [--only text]`: measures Workers side by side and writes bench/worker.md. */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
})
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
// An end by signal must stop the processes too that were started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const samples = await takeSamples()
const sampleFor = (signature: string) => samples[signature === 'ed25519' ? 'ed25519' : 'hmac']

const chosen = Object.entries(buildContenders()).filter(
  ([name]) => name === PASS_THROUGH || name === DOCUMENTED || name.includes(values.only),
)
try {
  for (const [name, contender] of chosen) {
    if (contender.signature === 'none') continue
    await verifyAtOrigin(contender, sampleFor(contender.signature))
    console.log(`${name}: verified by the origin`)
  }
} finally {
  await samples[Symbol.asyncDispose]()
}

const busy = checkLoad()
const { awake, release } = keepAwake()
const running = new Map<string, RunningWorker>()
const slices = new Map<string, Slice[]>(chosen.map(([name]) => [name, []]))
try {
  for (const [name, contender] of chosen) {
    const worker = await startContender(contender, sampleFor(contender.signature))
    running.set(name, worker)
    await worker.measure(seconds)
  }
  for (let round = 1; round <= rounds; round += 1) {
    // Interleaved: a slow minute of the machine then falls on everybody.
    for (const [name, worker] of running) {
      const slice = await worker.measure(seconds)
      slices.get(name)?.push(slice)
      console.log(
        `${round}/${rounds}  ${name.padEnd(36)} ${slice.cpu.toFixed(1).padStart(7)} µs  ${slice.requestsPerSecond.toFixed(0).padStart(7)} /s`,
      )
    }
  }
} finally {
  for (const worker of running.values()) worker.stop()
  release()
}

const report = formatWorkerReport(chosen, slices, { rounds, seconds, awake, load: busy })
console.log(`\n${report.table}`)
if (values.only === '') writeFileSync(join(import.meta.dirname, '../worker.md'), report.markdown)
