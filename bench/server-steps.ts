import { once } from 'node:events'
import { join } from 'node:path'
import { checkLoad, keepAwake } from './idle.ts'
import { load } from './load.ts'
import { median } from './median.ts'
import { forkPinned } from './pin.ts'
import { takeSamples } from './sample.ts'
import { formatHead, signLines } from './signed-lines.ts'

/**
 * `node bench/server-steps.ts`: what each step of a verification adds to a request in a server under load, where the
 * processor's caches also hold Node's parser, its sockets and the kernel.
 */
const PROCESSES = 3
const REQUESTS = 60_000

const samples = await takeSamples()
const sample = samples.hmac
checkLoad()
keepAwake()

const runs: Record<string, number>[] = []
for (let run = 1; run <= PROCESSES; run += 1) {
  const server = forkPinned('measured', join(import.meta.dirname, 'step-server.ts'), [JSON.stringify(sample)])
  const [{ port, seconds }] = (await once(server, 'message')) as [{ port: number; seconds: number }]
  // The last line is sent again and again: it is as good as a new one where no nonces are spent.
  const loaded = load(port, Math.ceil(seconds) + 3, formatHead(sample), signLines(sample, REQUESTS))
  server.send('begin')
  const [costs] = (await once(server, 'message')) as [Record<string, number>]
  const { refused, failed } = await loaded
  if (refused + failed > 0) throw new Error(`${refused} refusals, ${failed} failures`)
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
process.exit()
