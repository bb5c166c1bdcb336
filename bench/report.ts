import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { CONTENDERS } from './contenders.ts'
import { footprintOf } from './footprint.ts'
import type { Slice } from './measure.ts'
import { median } from './median.ts'

/** What was measured, and how. */
export interface Measured {
  readonly slices: ReadonlyMap<string, readonly Slice[]>
  /** The contender that the others are compared with. */
  readonly bare: string
  readonly rounds: number
  readonly seconds: number
  /** Whether idle processors were kept awake. */
  readonly awake: boolean
  /** The machine's load before it began. */
  readonly load: number
}

interface Row {
  readonly name: string
  /** Of bare Fastify, by requests a second; the median of the rounds' own ratios. */
  readonly share: number
  /** The same by CPU time a request, which a busy machine disturbs less. */
  readonly cpuShare: number
  /** Microseconds of CPU time a request. */
  readonly cpu: number
}

/** Writes the results: a table, the page around it, and a chart. */
export function formatReport(measured: Measured): { table: string; markdown: string; svg: string } {
  const rows = compare(measured)
  const table = formatTable(rows)
  return { table, markdown: formatPage(table, measured), svg: formatChart(rows) }
}

function compare({ slices, bare }: Measured): Row[] {
  const base = slices.get(bare) ?? []
  return [...slices].map(([name, own]) => ({
    name,
    share: median(
      own.map(({ requestsPerSecond }, round) => requestsPerSecond / (base[round]?.requestsPerSecond ?? Number.NaN)),
    ),
    cpuShare: median(own.map(({ cpu }, round) => (base[round]?.cpu ?? Number.NaN) / cpu)),
    cpu: median(own.map(({ cpu }) => cpu)),
  }))
}

function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, share, cpuShare, cpu }) =>
      `| ${name} | ${CONTENDERS[name]?.checks} | ${share.toFixed(2)} | ${cpuShare.toFixed(2)} | ${cpu.toFixed(1)} |`,
  )
  return [
    '| origin | checks | share of bare Fastify | by CPU time | CPU, µs a request |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}

function formatPage(table: string, { rounds, seconds, awake, load }: Measured): string {
  return `# Benchmark

Written by \`pnpm bench\`; do not edit.

${table}

![share of bare Fastify](chart.svg)

## What is installed

${formatFootprints()}

## Method

Each contender answers the same request in a process of its own, on one core; the load comes from wrk, on another core: 64 keep-alive connections,
a signature of its own for every request, made beforehand. The request is the one that the real Worker makes of a request with alice's certificate and an Access token. ${rounds} rounds of
${seconds} s for each contender, interleaved, after a warm-up as long; figures are medians. The share is of requests a second, within each round. Every
answer is checked: a contender that refuses a single request ends the run. ${
    awake
      ? 'Idle processors were kept awake (`/dev/cpu_dma_latency`): else the slower a server is, the more often it has to wake the load.'
      : 'Idle processors could not be kept awake (`/dev/cpu_dma_latency`): a server that is slower than its load is charged for waking it.'
  }

## Machine

${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; its load before the start was ${load.toFixed(1)}. ${versions()}
`
}

const INSTALLED: Readonly<Record<string, readonly string[]>> = {
  Countersign: ['@countersign/origin-plugin'],
  jose: ['jose'],
  '@fastify/jwt + get-jwks': ['@fastify/jwt', 'get-jwks'],
  'fastify-jwt-jwks': ['fastify-jwt-jwks'],
  'aws-jwt-verify': ['aws-jwt-verify'],
}

function formatFootprints(): string {
  const lines = Object.entries(INSTALLED).map(([name, packages]) => {
    const footprint = footprintOf(packages)
    return `| ${name} | ${footprint.packages} | ${(footprint.bytes / 1024).toFixed(0)} |`
  })
  return ['| | packages | kB |', '|---|---|---|', ...lines].join('\n')
}

function versions(): string {
  const require = createRequire(import.meta.url)
  const names = ['fastify', 'jose', '@fastify/jwt', 'get-jwks', 'fastify-jwt-jwks', 'aws-jwt-verify']
  return `${names.map((name) => `${name} ${versionOf(require.resolve(name), name)}`).join(', ')}.`
}

function versionOf(entry: string, name: string): string {
  const root = entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2)
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version
}

const BAR = { left: 250, width: 420, height: 22, gap: 8 } as const

function formatChart(rows: readonly Row[]): string {
  const bars = rows.map(({ name, share }, at) => {
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
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 ${height}" role="img" aria-label="share of bare Fastify"><style>${style}</style>${bars.join('')}</svg>\n`
}
