import { buildLogScale, COLORS, formatSvg, formatText, WIDTH } from '../lib/svg.ts'

/** A row at one rate: medians of the rounds, in milliseconds. */
export interface Figures {
  readonly name: string
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** The rows of one rate. A row without figures did not bear it. */
interface Panel {
  readonly share: number
  readonly rows: readonly (Figures | { readonly name: string })[]
}

const [LEFT, RIGHT] = [24, WIDTH - 28]
const ROW = 40

/** Three digits, whatever the size: 0.123, 1.23, 12.3, 123. A rate that was not borne has an infinite latency. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return 'not borne'
  return milliseconds.toFixed(
    Math.min(2, Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(milliseconds), 0.1))))),
  )
}

/** Draws p50, p99 and p99.9 of each row as three dots on one line, on a logarithmic scale. */
export function formatChart(panels: readonly Panel[]): string {
  const all = panels.flatMap(({ rows }) => rows.flatMap((row) => ('p50' in row ? [row.p50, row.p999] : [])))
  if (all.length === 0) return formatSvg('latency', 20, [])
  const scale = buildLogScale(all, LEFT, RIGHT)
  const elements: string[] = []
  let y = 8
  for (const { share, rows } of panels) {
    const top = y + 24
    const bottom = top + rows.length * ROW
    for (const tick of scale.ticks) {
      const x = scale.at(tick).toFixed(1)
      elements.push(`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`)
      elements.push(formatText(scale.at(tick), bottom + 14, `${tick} ms`, 'class="small" text-anchor="middle"'))
    }
    elements.push(formatText(LEFT, y + 14, `at ${share * 100} % of bare Fastify: p50, p99, p99.9`, 'class="title"'))
    for (const [at, row] of rows.entries()) elements.push(...formatRow(row, top + at * ROW, scale.at))
    y = bottom + 32
  }
  return formatSvg('p50, p99 and p99.9 of each origin, by rate', y, elements)
}

function formatRow(row: Panel['rows'][number], top: number, at: (value: number) => number): string[] {
  const color = row.name.startsWith('Countersign') ? COLORS.ours : COLORS.other
  // The longest name has its condition behind the second comma.
  const label = row.name.length > 50 ? 'Countersign, while keys rotate and a CRL reloads' : row.name
  if (!('p50' in row)) return [formatText(LEFT, top + 15, `${label}: does not bear this rate`, 'class="small"')]
  const y = (top + 26).toFixed(1)
  const dots = [row.p50, row.p99, row.p999].map(
    (value, n) => `<circle cx="${at(value).toFixed(1)}" cy="${y}" r="${[4, 5, 6][n]}" fill="${color}"/>`,
  )
  return [
    formatText(LEFT, top + 15, label),
    `<line x1="${at(row.p50).toFixed(1)}" x2="${at(row.p999).toFixed(1)}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="2"/>`,
    ...dots,
  ]
}
