import { describeMachine } from '../lib/machine.ts'
import { describeTurns, type Measured } from './report.ts'
import { WATCHED } from './watched.ts'

/** The table of a comparison, and its conditions. */
interface WatchedRun extends Pick<Measured, 'rounds' | 'lengths' | 'awake' | 'load' | 'warning'> {
  readonly table: string
}

/** Formats the page bench/watched.md. */
export function formatWatched({ table, rounds, lengths, awake, load, warning }: WatchedRun): string {
  const origins = Object.entries(WATCHED).map(([name, { checks }]) => `| ${name} | ${checks} |`)
  return `# The plugin while it is watched

Written by \`pnpm bench --watched\`; do not edit.

The figures show the cost of everything that an operator can turn on to watch the plugin.

${table}

| origin | has |
|---|---|
${origins.join('\n')}

## Method

Each origin has Fastify's log of requests, which writes two lines for each request to \`/dev/null\`.
It writes each line at once, as Fastify's own logger does.
With \`log: true\` the second line has the client.
The watched origins read the Worker's keys from a function, and the CA from a file each second.
The health is read each second, and OpenTelemetry collects its metrics each second.
Each origin answers the same request in its own process, on one core.
wrk loads it from another core, over 64 keep-alive connections.
Each request has its own signature, made before the measurement.
${describeTurns(rounds, lengths)}
A ratio is that of two origins in the same turn, and the table has the median of the rounds and its spread.
A single refused request ends the run.
${
  awake
    ? 'Idle processors were kept awake (`/dev/cpu_dma_latency`).'
    : 'Idle processors could not be kept awake (`/dev/cpu_dma_latency`).'
}

\`node bench/probes/watched.ts\` measures each watcher by itself, without sockets.

## Machine

${describeMachine()}; its load before the start was ${load.toFixed(1)}.${warning ? `\n${warning}` : ''}
`
}
