import { median } from '../lib/stats.ts'
import { buildLogScale, COLORS, formatSvg, formatText, WIDTH } from '../lib/svg.ts'
import { type MeasuredCurves, pointName } from './curves.ts'

const [LEFT, RIGHT, TOP, BOTTOM] = [48, WIDTH - 28, 64, 290]

/** Its color, and its label above the plot. */
const LINES = [
  { name: 'clients', label: 'in turn', color: COLORS.ours },
  { name: 'clients by Zipf', label: "by Zipf's law", color: COLORS.third },
] as const

/** Draws the CPU time of a request against the number of clients. Both axes are logarithmic. */
export function formatGrowthChart({ curves, points }: MeasuredCurves): string {
  const lines = LINES.map((line) => {
    const sizes = curves.find(({ name }) => name === line.name)?.sizes ?? []
    const at = sizes.flatMap((size) => {
      const measured = points.get(pointName(line.name, size))
      return measured ? [{ size, cost: median(measured.map(({ cost }) => cost)) }] : []
    })
    return { ...line, at }
  })
  const all = lines.flatMap(({ at }) => at)
  if (all.length === 0) return formatSvg('growth', 20, [])
  const x = buildLogScale(
    all.map(({ size }) => size),
    LEFT,
    RIGHT,
  )
  const y = buildLogScale(
    all.map(({ cost }) => cost),
    BOTTOM,
    TOP,
  )
  const grid = [
    ...y.ticks.flatMap((tick) => [
      `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y.at(tick).toFixed(1)}" y2="${y.at(tick).toFixed(1)}"/>`,
      formatText(LEFT - 6, y.at(tick) + 4, tick.toLocaleString('en'), 'class="small" text-anchor="end"'),
    ]),
    ...x.ticks.map((tick) =>
      formatText(x.at(tick), BOTTOM + 18, tick.toLocaleString('en'), 'class="small" text-anchor="middle"'),
    ),
  ]
  const drawn = lines.flatMap(({ at, color, label }, n) => [
    `<polyline fill="none" stroke="${color}" stroke-width="2.5" points="${at.map(({ size, cost }) => `${x.at(size).toFixed(1)},${y.at(cost).toFixed(1)}`).join(' ')}"/>`,
    ...at.map(
      ({ size, cost }) => `<circle cx="${x.at(size).toFixed(1)}" cy="${y.at(cost).toFixed(1)}" r="4" fill="${color}"/>`,
    ),
    `<circle cx="${LEFT + n * 130}" cy="40" r="5" fill="${color}"/>`,
    formatText(LEFT + 10 + n * 130, 44, label),
  ])
  const titles = [
    formatText(LEFT, 20, 'CPU time a request, µs, by the number of clients', 'class="title"'),
    formatText((LEFT + RIGHT) / 2, BOTTOM + 38, 'clients', 'class="small" text-anchor="middle"'),
  ]
  return formatSvg('CPU time a request, by the number of clients', BOTTOM + 48, [...titles, ...grid, ...drawn])
}
