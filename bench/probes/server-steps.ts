import { once } from 'node:events'
import { join } from 'node:path'
import { load, requireAllAnswered, requireWrk } from '../lib/load.ts'
import { checkMachine, forkPinned, keepAwake, nextMessage } from '../lib/machine.ts'
import { takeSamples } from '../lib/sample.ts'
import { formatHead, signLines } from '../lib/signed-lines.ts'
import { median } from '../lib/stats.ts'

/**
 * `node bench/probes/server-steps.ts`: measures the cost of each step of a verification, in a server under load.
 *
 * In such a server the processor's caches also contain Node's parser, its sockets and the kernel.
 */
const PROCESSES = 3
const REQUESTS = 60_000

requireWrk()
const { warning } = await checkMachine()
const samples = await takeSamples()
const sample = samples.hmac
keepAwake()

const runs: Record<string, number>[] = []
for (let run = 1; run <= PROCESSES; run += 1) {
  const server = forkPinned('measured', join(import.meta.dirname, 'step-server.ts'), [JSON.stringify(sample)])
  const { port, seconds } = await nextMessage<{ port: number; seconds: number }>(server)
  console.log(`process ${run} of ${PROCESSES}: ${Math.ceil(seconds)} s`)
  // wrk repeats the last line, which is valid again because the server does not check nonces.
  const loaded = load(port, Math.ceil(seconds) + 3, formatHead(sample), signLines(sample, REQUESTS))
  server.send('begin')
  const costs = await nextMessage<Record<string, number>>(server)
  requireAllAnswered('step-server', await loaded)
  runs.push(costs)
  server.disconnect()
  await once(server, 'exit')
}
await samples[Symbol.asyncDispose]()

const [first = {}] = runs
const [nothing = ''] = Object.keys(first)
console.log('| step | µs a request | more than a hook that does nothing |\n|---|---|---|')
for (const name of Object.keys(first)) {
  const costs = runs.map((run) => run[name] as number)
  const more = runs.map((run) => (run[name] as number) - (run[nothing] as number))
  console.log(`| ${name} | ${median(costs).toFixed(1)} | ${median(more).toFixed(1)} |`)
}
if (warning) console.log(`\n${warning}`)
process.exit()
