import { cpus } from 'node:os'
import type { Slice } from '../measure.ts'
import { median } from '../median.ts'
import { canPin } from '../pin.ts'
import { DOCUMENTED, PASS_THROUGH, type WorkerContender } from './contenders.ts'
import { WORKERD_VERSION } from './workerd.ts'

/** How it was measured. */
export interface Run {
  readonly rounds: number
  readonly seconds: number
  /** Whether idle processors were kept awake. */
  readonly awake: boolean
  /** The machine's load before it began. */
  readonly load: number
}

/** Writes the results: a table, and the section around it. */
export function formatWorkerReport(
  contenders: readonly (readonly [name: string, contender: WorkerContender])[],
  slices: ReadonlyMap<string, readonly Slice[]>,
  run: Run,
): { table: string; markdown: string } {
  const table = formatTable(contenders, slices)
  return { table, markdown: formatSection(table, run) }
}

const HEAD = `| Worker | does | CPU, µs a request | of pass-through, by CPU | by requests | of the documented script, by CPU | by requests |
|---|---|---|---|---|---|---|`

function formatTable(
  contenders: readonly (readonly [name: string, contender: WorkerContender])[],
  slices: ReadonlyMap<string, readonly Slice[]>,
): string {
  const lines = contenders.map(([name, { does }]) => {
    const own = slices.get(name) ?? []
    const shares = [PASS_THROUGH, DOCUMENTED].flatMap((base) => sharesOf(own, slices.get(base) ?? []))
    const cells = [name, does, median(own.map(({ cpu }) => cpu)).toFixed(0), ...shares.map((share) => share.toFixed(2))]
    return `| ${cells.join(' | ')} |`
  })
  return [HEAD, ...lines].join('\n')
}

/** How much of another Worker's work this one gets done: by CPU time and by requests a second, each within the rounds. */
function sharesOf(own: readonly Slice[], base: readonly Slice[]): [byCpu: number, byRequests: number] {
  const within = (share: (own: Slice, base: Slice) => number) =>
    median(own.map((slice, round) => share(slice, base[round] as Slice)))
  return [
    within((mine, other) => other.cpu / mine.cpu),
    within((mine, other) => mine.requestsPerSecond / other.requestsPerSecond),
  ]
}

function formatSection(table: string, { rounds, seconds, awake, load }: Run): string {
  return `# The Worker

Written by \`pnpm bench:worker\`; do not edit.

${table}

## Method

Each Worker runs in a \`workerd serve\` of its own${canPin ? ', all on one core, of which the others take nothing while one is loaded' : ''}; load (wrk) and upstream are other processes${canPin ? ', on another core' : ''}.${awake ? ' Idle processors are kept awake.' : ''}
The upstream says ok. The request is one of alice's as it reaches the Worker: an Access token, Cloudflare's own headers, and \`request.cf.tlsClientAuth\` with her certificate. 64 keep-alive connections.
${rounds} rounds of ${seconds} s for each, interleaved, after a warm-up. CPU time is that of the workerd process, all threads; figures are medians, shares those within each round, above 1 where
the Worker is the cheaper one. Countersign is the bundle that \`wrangler deploy --minify\` uploads; before the first round the real origin verifies a request that it signed, and in every round
each single request must arrive with what the Worker writes. Countersign but for the signature is no option of it, and shows what the signature costs. The documented script is our writing of
[Cloudflare's example](https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/mutual-tls-authentication/): it copies the headers and adds nine.

## Machine

${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, workerd ${WORKERD_VERSION}; its load before the start was ${load.toFixed(1)}.
`
}
