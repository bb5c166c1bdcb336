import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkMachine, forkPinned, nextMessage } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { takeSamples } from '../lib/sample.ts'
import { median } from '../lib/stats.ts'
import type { Watcher } from '../origin/watched.ts'

/**
 * `node bench/probes/watched.ts [--rounds 5]`: measures the cost of each thing that watches the plugin, without sockets.
 *
 * Without Node's parser and the kernel, the differences are a larger part of a request, and other processes disturb
 * them less. For the share of a whole server, run `pnpm bench --watched`.
 */
const { values } = parseArgs({ options: { rounds: RUN_OPTIONS.rounds } })
const { rounds } = resolveLength({ ...values, quick: false }, { rounds: 5, seconds: 1 })

const ROWS: Readonly<Record<string, readonly Watcher[]>> = {
  'not watched, with a logger': [],
  'log: true': ['log'],
  'keys and CA that are read again': ['reload'],
  'health, each second': ['health'],
  'a subscriber of each channel': ['subscriber'],
  OpenTelemetry: ['telemetry'],
  'all, with a subscriber': ['log', 'reload', 'health', 'subscriber'],
  'all, with OpenTelemetry': ['log', 'reload', 'health', 'telemetry'],
}

const { warning } = await checkMachine()
const samples = await takeSamples()
const names = Object.keys(ROWS)
const costs = new Map(names.map((name) => [name, [] as number[]]))
for (let round = 1; round <= rounds; round += 1) {
  // No row is always the first: the next one finds a warmer machine.
  for (const name of round % 2 === 0 ? names.toReversed() : names) {
    const args = [JSON.stringify(samples.hmac), JSON.stringify(ROWS[name])]
    const measured = forkPinned('measured', join(import.meta.dirname, 'watched-origin.ts'), args)
    const { cost } = await nextMessage<{ cost: number }>(measured)
    costs.get(name)?.push(cost)
    measured.disconnect()
    await once(measured, 'exit')
  }
}
await samples[Symbol.asyncDispose]()

const [base = []] = costs.values()
console.log('| watched by | µs a request | more than not watched |\n|---|---|---|')
for (const [name, taken] of costs) {
  const more = taken.map((cost, round) => cost - (base[round] as number))
  console.log(`| ${name} | ${median(taken).toFixed(1)} | ${median(more).toFixed(1)} |`)
}
if (warning) console.log(`\n${warning}`)
process.exit()
