import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { checkMachine, describeMachine } from '../lib/machine.ts'
import { RUN_OPTIONS, resolveLength } from '../lib/options.ts'
import { Progress } from '../lib/progress.ts'
import { formatSpread } from '../lib/stats.ts'
import { ca, HOSTILE, makeList } from './lists.ts'
import type { CrlCost } from './measure.ts'

/**
 * `node bench/revocation/run.ts [--rounds 5]`: measures how long the load of a revocation list holds up requests, and
 * writes bench/revocation.md.
 *
 * With `--quick` it runs one round of the smaller lists, prints the figures and publishes nothing.
 */
const { values } = parseArgs({ options: { rounds: RUN_OPTIONS.rounds, quick: RUN_OPTIONS.quick } })
const { rounds } = resolveLength(values, { rounds: 5, seconds: 1 })
const hostileBytes = values.quick ? 3_000_000 : 35_000_000

interface Case {
  readonly name: string
  readonly kind: 'server' | 'file' | 'function'
  readonly make: () => Buffer
  readonly hostile: boolean
}
const sizes = [10_000, 100_000, 1_000_000].filter((size) => !values.quick || size < 1_000_000)
const CASES: readonly Case[] = [
  ...sizes.map((size) => honest(`${size.toLocaleString('en')} entries`, 'server', () => makeList(size))),
  honest('the largest of these, with reasons', 'server', () => makeList(sizes.at(-1) ?? 0, true)),
  honest('the largest of these, from a file', 'file', () => makeList(sizes.at(-1) ?? 0)),
  honest('the largest of these, from a function', 'function', () => makeList(sizes.at(-1) ?? 0)),
  ...Object.entries(HOSTILE).map(
    ([name, make]): Case => ({ name, kind: 'server', make: () => make(hostileBytes), hostile: true }),
  ),
]

function honest(name: string, kind: Case['kind'], make: () => Buffer): Case {
  return { name, kind, make, hostile: false }
}

// Without it, the scheduler of a busy machine would be measured too.
const realTime = spawnSync('chrt', ['-f', '1', 'true']).status === 0

const { warning } = await checkMachine()
const folder = mkdtempSync(join(tmpdir(), 'countersign-crl-'))
const [file, caFile] = [join(folder, 'ca.crl'), join(folder, 'ca.pem')]
writeFileSync(caFile, ca.toString())
const server = createServer((_request, response) => {
  response.setHeader('content-length', statSync(file).size)
  createReadStream(file).pipe(response)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ca.crl`

const costs = new Map<string, CrlCost[]>()
const lengths = new Map<string, number>()
const progress = new Progress(
  rounds,
  CASES.map(({ name }) => ({ name, seconds: 5 })),
)
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of CASES) {
      const list = each.make()
      writeFileSync(file, list)
      lengths.set(each.name, list.length)
      const cost = await progress.run(round, each.name, () => measure(each), formatCost)
      if ((cost.failure !== undefined) !== each.hostile)
        throw new Error(`${each.name}: ${cost.failure ?? 'was loaded'}`)
      costs.set(each.name, [...(costs.get(each.name) ?? []), cost])
    }
  }
} finally {
  progress.close()
  server.close()
  rmSync(folder, { recursive: true })
}

const tables = `${formatTable(false)}\n\n${formatTable(true)}`
console.log(`\n${tables}`)
if (warning) console.log(`\n${warning}`)
if (!values.quick) writeFileSync(join(import.meta.dirname, '../revocation.md'), formatPage())

async function measure({ kind }: Case): Promise<CrlCost> {
  const script = [process.execPath, '--expose-gc', join(import.meta.dirname, 'measure.ts')]
  const [command = '', ...args] = realTime ? ['chrt', '-f', '1', ...script] : script
  const { stdout } = await promisify(execFile)(command, [...args, kind, kind === 'server' ? url : file, caFile])
  return JSON.parse(stdout) as CrlCost
}

function formatCost({ busy, longest, elapsed }: CrlCost): string {
  return `busy ${busy.toFixed(1).padStart(5)} ms  longest ${longest.toFixed(1).padStart(5)} ms  in ${elapsed.toFixed(0)} ms`
}

function formatTable(hostile: boolean): string {
  const rows = CASES.filter((each) => each.hostile === hostile).map(({ name }) => {
    const of = (read: (cost: CrlCost) => number, digits: number) =>
      formatSpread((costs.get(name) ?? []).map(read), digits)
    const common = [
      name,
      `${((lengths.get(name) ?? 0) / 1e6).toFixed(1)}`,
      of(({ longest }) => longest, 1),
      of(({ busy }) => busy, 1),
      of(({ elapsed }) => elapsed, 0),
    ]
    return hostile ? common : [...common, of(({ memory }) => memory, 0), of(({ lookup }) => lookup, 0)]
  })
  const times = ['MB', 'longest hold, ms', 'busy in all, ms', 'done after, ms']
  const head = hostile ? ['not signed by the CA', ...times] : ['list', ...times, 'memory, MB', 'a look-up, ns']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function formatPage(): string {
  return `# Revocation lists

Written by \`pnpm bench:crl\`; do not edit.

The figures show how long the load of a revocation list keeps an origin from answering requests.

${tables}

A thread fetches, verifies and parses the list.
The event loop that answers requests hands the task to the thread, and gets the result without a copy.
A list that the CA did not sign is refused before it is parsed.

## Method

Each figure comes from its own process, which has loaded the list before.
The server of the lists is another process.
*Busy in all* is the active time of the loop by Node's \`eventLoopUtilization\`.
*Longest hold* is the largest active time between two runs of a timer of 1 ms, in a load of its own.
Memory is that of the loaded list.
Each figure is the median of ${rounds === 1 ? 'one round' : `${rounds} rounds`}.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.
${realTime ? 'The measured process has real-time priority (`chrt -f 1`), so other processes do not delay it.\n' : ''}
${describeMachine()}.${warning ? `\n${warning}` : ''}
`
}
