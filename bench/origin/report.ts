import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describeMachine } from '../lib/machine.ts'
import { formatSpread, median } from '../lib/stats.ts'
import type { ComparedPair } from './compare.ts'
import { CONTENDERS } from './contenders.ts'
import { formatFootprints } from './footprint.ts'
import type { TurnLengths } from './measure.ts'

/** The measurements of a run, and its conditions. */
export interface Measured {
  /** Each contender, and bare Fastify as its base. */
  readonly pairs: readonly ComparedPair[]
  readonly rounds: number
  readonly lengths: TurnLengths
  /** Whether the system kept idle processors awake. */
  readonly awake: boolean
  /** The load average before the run. */
  readonly load: number
  /** The warning of a busy machine. */
  readonly warning?: string | undefined
}

interface Row {
  readonly name: string
  /** The ratio of requests a second to bare Fastify's, in each round. */
  readonly shares: readonly number[]
  /** The same by CPU time a request. A busy machine disturbs it less. */
  readonly cpuShare: number
  /** Microseconds of CPU time a request. */
  readonly cpu: number
}

/** Formats the results as a table, the page around it, and a chart. */
export function formatReport(measured: Measured): { table: string; markdown: string; svg: string } {
  const rows = compare(measured)
  const table = formatTable(rows)
  return { table, markdown: formatPage(table, measured), svg: formatChart(rows) }
}

/** Bare Fastify, and the contenders. */
function compare({ pairs, rounds }: Measured): Row[] {
  const bare = {
    name: pairs[0]?.base.row ?? '',
    shares: Array<number>(rounds).fill(1),
    cpuShare: 1,
    cpu: median(pairs.flatMap((pair) => pair.rounds.map(({ base }) => base.cpu))),
  }
  const contenders = pairs.map((pair) => ({
    name: pair.own.row,
    shares: pair.rounds.map(({ ratio }) => ratio.requestsPerSecond),
    cpuShare: 1 / median(pair.rounds.map(({ ratio }) => ratio.cpu)),
    cpu: median(pair.rounds.map(({ own }) => own.cpu)),
  }))
  return [bare, ...contenders]
}

function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, shares, cpuShare, cpu }) =>
      `| ${name} | ${CONTENDERS[name]?.checks} | ${formatSpread(shares, 2)} | ${cpuShare.toFixed(2)} | ${cpu.toFixed(1)} |`,
  )
  return [
    '| origin | checks | share of bare Fastify | by CPU time | CPU, µs a request |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}

function formatPage(table: string, { rounds, lengths, awake, load, warning }: Measured): string {
  return `# Benchmark

Written by \`pnpm bench\`; do not edit.

${table}

![share of bare Fastify](chart.svg)

![latency of each origin by rate](latency.svg)

![CPU time a request, by the number of clients](growth.svg)

## Installed packages

${formatFootprints()}

## Method

Each contender answers the same request in its own process, on one core.
wrk loads it from another core, over 64 keep-alive connections.
Redis runs on the core of wrk.
With "one by one", each request sends its command to Redis by itself, and otherwise the requests of one turn of the event loop share a write.
Each request has its own signature, made before the measurement.
The real Worker made the request from alice's certificate and an Access token.
${describeTurns(rounds, lengths)}
The share is the ratio of requests a second to bare Fastify's in the same turn.
The table has the medians of the rounds.
Parentheses contain the smallest and the largest value, or the 95 % interval from six rounds on.
A single refused request ends the run.
Each contender that checks the token or the signature has refused a wrong one before.
${
  awake
    ? 'Idle processors were kept awake (`/dev/cpu_dma_latency`): otherwise a slow server pays more often for waking the load.'
    : 'Idle processors could not be kept awake (`/dev/cpu_dma_latency`): a server slower than its load pays for waking it.'
}

## Machine

${describeMachine()}; its load before the start was ${load.toFixed(1)}.${warning ? `\n${warning}` : ''}
${versions()}

## Other measurements

| command | measures |
|---|---|
| \`pnpm bench:growth\` | the cost of a request with more routes, clients, fingerprints and certificates: [growth.md](growth.md) |
| \`pnpm bench:latency\` | p50, p99 and p99.9 at a constant rate, also while keys rotate and a large revocation list reloads: [latency.md](latency.md) |
| \`pnpm bench:worker\` | the Worker, beside Cloudflare's documented script: [worker.md](worker.md) |
| \`pnpm bench:crl\` | the time for which the load of a revocation list holds up requests: [revocation.md](revocation.md) |
| \`pnpm bench:memory\` | the memory of an origin after many clients |
| \`pnpm bench:start\` | the time that the plugin adds to the start of an origin |
| \`pnpm bench --against <folder>\` | the plugin, beside that of another checkout of this repository |
| \`pnpm bench --watched\` | the plugin with log, reload, health and a subscriber of its channels or OpenTelemetry, beside the plugin alone: [watched.md](watched.md) |
| \`node bench/probes/server-steps.ts\` | each step of a verification, in a server under load |
| \`node bench/probes/watched.ts\` | each thing that watches the plugin, without sockets |
| \`node bench/probes/first-sight.ts\` | each step of reading a certificate and a token that the origin does not remember |
| \`node bench/probes/pauses.ts\` | how long the machine itself pauses a busy core, below which no latency can be measured |
| \`node bench/probes/names.ts\` | how the cost of reading a name grows with its length; it fails if the growth is not linear |

\`pnpm bench --quick\` takes about four minutes, prints the figures and publishes nothing.
\`pnpm bench:growth --quick\`, \`pnpm bench:latency --quick\` and \`pnpm bench:worker --quick\` do the same.

A \`node\` command needs the Node of the checkout, such as \`npx --yes pnpm@12 exec node bench/probes/pauses.ts\`.
`
}

/** The sentences about rounds and turns on every page of origins. */
export function describeTurns(rounds: number, { turns, seconds, warmUp }: TurnLengths): string {
  return [
    `In each of the ${rounds} rounds, both origins of a ratio start anew, and get a warm-up of ${warmUp} s.`,
    `Then they take turns of ${seconds} s, ${turns} of them each, in the other order each second time.`,
    "A round's figures are the medians of its turns, those of a ratio too.",
  ].join('\n')
}

function versions(): string {
  const require = createRequire(import.meta.url)
  const names = [
    'fastify',
    'jose',
    '@fastify/jwt',
    'get-jwks',
    'fastify-jwt-jwks',
    'aws-jwt-verify',
    'ioredis',
    'redis',
    'fast-jwt',
    'hono',
    '@hono/node-server',
    '@hono/cloudflare-access',
  ]
  return `${names.map((name) => `${name} ${versionOf(require.resolve(name), name)}`).join(', ')}.`
}

function versionOf(entry: string, name: string): string {
  const root = entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2)
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version
}

/** The longest name has 52 letters. */
const BAR = { left: 350, width: 420, height: 22, gap: 8 } as const

function formatChart(rows: readonly Row[]): string {
  const bars = rows.map(({ name, shares }, at) => {
    const share = median(shares)
    const y = BAR.gap + at * (BAR.height + BAR.gap)
    const color = name.startsWith('Countersign') ? '#0b6e4f' : '#8a8f98'
    return [
      `<text x="${BAR.left - 8}" y="${y + 15}" text-anchor="end">${name}</text>`,
      `<rect x="${BAR.left}" y="${y}" width="${(share * BAR.width).toFixed(1)}" height="${BAR.height}" rx="3" fill="${color}"/>`,
      `<text x="${(BAR.left + share * BAR.width + 6).toFixed(1)}" y="${y + 15}">${share.toFixed(2)}</text>`,
    ].join('')
  })
  const height = BAR.gap + rows.length * (BAR.height + BAR.gap)
  const style = 'text{font:13px system-ui,sans-serif;fill:#444}@media(prefers-color-scheme:dark){text{fill:#ccc}}'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${BAR.left + BAR.width + 70} ${height}" role="img" aria-label="share of bare Fastify"><style>${style}</style>${bars.join('')}</svg>\n`
}
