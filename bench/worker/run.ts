import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWrk } from '../lib/load.ts'
import { canPin, checkMachine, describeMachine, keepAwake } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { takeSamples } from '../lib/sample.ts'
import { formatSlice, formatSpread, median, ratiosByRound, type Slice } from '../lib/stats.ts'
import { buildContenders, DOCUMENTED, PASS_THROUGH } from './contenders.ts'
import { type RunningWorker, startContender, verifyAtOrigin } from './measure.ts'
import { WORKERD_VERSION } from './workerd.ts'

/**
 * `node bench/worker/run.ts [--rounds 5] [--seconds 2]`: measures Workers side by side and writes bench/worker.md.
 *
 * These options print the figures and publish nothing:
 * - `--quick`: one round of one second, in less than two minutes
 * - `--only <text>`: only the contenders whose name contains the text, and the two that they are compared with
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

const table = formatTable()
console.log(`\n${table}`)
if (warning) console.log(`\n${warning}`)
if (values.only === '' && !values.quick) writeFileSync(join(import.meta.dirname, '../worker.md'), formatPage(table))

function formatTable(): string {
  const lines = chosen.map(([name, { does }]) => {
    const own = slices.get(name) ?? []
    const shares = [PASS_THROUGH, DOCUMENTED].flatMap((base) => sharesOf(own, slices.get(base) ?? []))
    const cells = [
      name,
      does,
      median(own.map(({ cpu }) => cpu)).toFixed(0),
      ...shares.map((share) => formatSpread(share, 2)),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const head = [
    '| Worker | does | CPU, µs a request | of pass-through, by CPU | by requests | of the documented script, by CPU | by requests |',
    '|---|---|---|---|---|---|---|',
  ]
  return [...head, ...lines].join('\n')
}

/** The ratio of this Worker's work to another's in each round, by CPU time and by requests a second. */
function sharesOf(own: readonly Slice[], base: readonly Slice[]): [byCpu: number[], byRequests: number[]] {
  return [
    ratiosByRound(own, base, (mine, other) => other.cpu / mine.cpu),
    ratiosByRound(own, base, (mine, other) => mine.requestsPerSecond / other.requestsPerSecond),
  ]
}

function formatPage(table: string): string {
  const sentences = [
    canPin
      ? 'Each Worker runs in its own `workerd serve`, all on one core; the others are idle while one is loaded.'
      : 'Each Worker runs in its own `workerd serve`; the others are idle while one is loaded.',
    `The load (wrk) and the upstream are other processes${canPin ? ', on another core' : ''}.`,
    ...(awake ? ['Idle processors are kept awake.'] : []),
  ]
  return `# The Worker

Written by \`pnpm bench:worker\`; do not edit.

${table}

## Method

${sentences.join('\n')}
The upstream answers \`ok\`.
The request is one of alice's as it reaches the Worker: an Access token, Cloudflare's own headers, and \`request.cf.tlsClientAuth\` with her certificate.
wrk uses 64 keep-alive connections.
Each Worker runs for ${rounds} rounds of ${seconds} s, after a warm-up.
The Workers take turns within a round.
CPU time is that of the workerd process, all threads.
Figures are medians, and shares are ratios within a round.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.
A share above 1 means that this Worker is the cheaper one.
Countersign is the bundle that \`wrangler deploy --minify\` uploads.
Before the first round the real origin verifies a request that it signed.
In every round each request must reach the upstream with the Worker's headers.
"Countersign but for the signature" is not an option of the Worker; it shows the cost of the signature.
"With the least signature" replaces the signature by one HMAC over 3 kB and two headers, all of them constants.
It proves nothing, and shows the floor of that cost.
The documented script is our version of [Cloudflare's example](https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/mutual-tls-authentication/): it copies the headers and adds nine.

## Machine

${describeMachine()}, workerd ${WORKERD_VERSION}; its load before the start was ${load.toFixed(1)}.${warning ? `\n${warning}` : ''}
`
}
