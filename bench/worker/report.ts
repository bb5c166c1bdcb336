import { canPin, describeMachine } from '../lib/machine.ts'
import { median, ratiosByRound, type Slice } from '../lib/stats.ts'
import { DOCUMENTED, PASS_THROUGH, type WorkerContender } from './contenders.ts'
import { WORKERD_VERSION } from './workerd.ts'

/** The conditions of a run. */
export interface Run {
  readonly rounds: number
  readonly seconds: number
  /** Whether the system kept idle processors awake. */
  readonly awake: boolean
  /** The load average before the run. */
  readonly load: number
  /** The warning of a busy machine. */
  readonly warning?: string | undefined
}

/** Formats the results as a table, and the page around it. */
export function formatWorkerReport(
  contenders: readonly (readonly [name: string, contender: WorkerContender])[],
  slices: ReadonlyMap<string, readonly Slice[]>,
  run: Run,
): { table: string; markdown: string } {
  const table = formatTable(contenders, slices)
  return { table, markdown: formatPage(table, run) }
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

/** The ratio of this Worker's work to another's, by CPU time and by requests a second. */
function sharesOf(own: readonly Slice[], base: readonly Slice[]): [byCpu: number, byRequests: number] {
  return [
    median(ratiosByRound(own, base, (mine, other) => other.cpu / mine.cpu)),
    median(ratiosByRound(own, base, (mine, other) => mine.requestsPerSecond / other.requestsPerSecond)),
  ]
}

function formatPage(table: string, { rounds, seconds, awake, load, warning }: Run): string {
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
A share above 1 means that this Worker is the cheaper one.
Countersign is the bundle that \`wrangler deploy --minify\` uploads.
Before the first round the real origin verifies a request that it signed.
In every round each request must reach the upstream with the Worker's headers.
"Countersign but for the signature" is not an option of the Worker; it shows the cost of the signature.
The documented script is our version of [Cloudflare's example](https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/mutual-tls-authentication/): it copies the headers and adds nine.

## Machine

${describeMachine()}, workerd ${WORKERD_VERSION}; its load before the start was ${load.toFixed(1)}.${warning ? `\n${warning}` : ''}
`
}
