import type { Scrape } from '../support/monitoring/prometheus-text.ts'
import { compileQuery } from '../support/monitoring/promql.ts'

/** A panel of the dashboard, as far as its picture needs it. */
export interface Panel {
  readonly id: number
  readonly title: string
  readonly description: string
  readonly fieldConfig: { readonly defaults: { readonly unit: string } }
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}

/** The values of a series over the scrapes; `undefined` where it has none. */
export interface Line {
  readonly name: string
  readonly values: readonly (number | undefined)[]
}

/** The colours of lines: Okabe and Ito's, which colour-blind readers can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000', '#999999']
const WIDTH = 520
const HEIGHT = 160

/** Evaluates the queries of a panel between each two scrapes. */
export function linesOf({ targets }: Panel, scrapes: readonly Scrape[]): Line[] {
  return targets.flatMap(({ expr, legendFormat }) => {
    const evaluate = compileQuery(expr.replaceAll('$__rate_interval', '1m'))
    const results = scrapes.slice(1).map((to, index) => evaluate(scrapes[index] as Scrape, to))
    const nameOf = (labels: Readonly<Record<string, string>>) =>
      legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '(none)')
    const names = new Set(results.flatMap((series) => series.map(({ labels }) => nameOf(labels))))
    return [...names].map((name) => ({
      name,
      values: results.map((series) => series.find(({ labels }) => nameOf(labels) === name)?.value),
    }))
  })
}

/** Draws a panel as a figure of HTML. */
export function drawPanel(panel: Panel, lines: readonly Line[]): string {
  const { id, title, description, fieldConfig } = panel
  const { unit } = fieldConfig.defaults
  const highest = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const scale = highest > 0 ? HEIGHT / (highest * 1.1) : 0
  const paths = lines.map(({ values }, index) => {
    const step = WIDTH / Math.max(1, values.length - 1)
    const points = values.flatMap((value, at) =>
      value === undefined ? [] : [`${(at * step).toFixed(1)},${(HEIGHT - value * scale).toFixed(1)}`],
    )
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colourOf(index)}" stroke-width="2"/>`
  })
  const legend = lines.map(({ name, values }, index) => {
    const last = values.findLast((value) => value !== undefined) ?? 0
    return `<li style="--colour: ${colourOf(index)}">${escapeHtml(name)} <b>${formatValue(last, unit)}</b></li>`
  })
  return `<figure id="panel-${id}"><h2>${escapeHtml(title)}</h2><p>${escapeHtml(description)}</p>
<svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 8}" role="img" aria-label="${escapeHtml(title)}">
<path d="M0 ${HEIGHT}H${WIDTH}" stroke="#888"/><text x="2" y="10">${formatValue(highest, unit)}</text>${paths.join('')}</svg>
<ul>${legend.join('')}</ul></figure>`
}

/** The page with every panel. */
export function drawPage(figures: readonly string[]): string {
  return `<!doctype html><html lang="en"><title>Countersign</title><style>
body { font: 13px system-ui; margin: 16px; display: grid; grid-template-columns: 1fr 1fr; gap: 16px; color: #222; }
figure { margin: 0; padding: 12px; border: 1px solid #ccc; border-radius: 6px; background: #fff; }
h2 { font-size: 15px; margin: 0; } p { margin: 2px 0 8px; color: #555; } svg { width: 100%; } text { font-size: 10px; fill: #555; }
ul { list-style: none; margin: 8px 0 0; padding: 0; } li::before { content: ""; display: inline-block; width: 12px; height: 3px; margin: 0 6px 3px 0; background: var(--colour); }
</style>${figures.join('\n')}</html>`
}

const colourOf = (index: number) => COLOURS[index % COLOURS.length]

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const round = (value: number) => Number(value.toPrecision(3)).toString()

/** Writes a value with its unit, as Grafana does. */
export function formatValue(value: number, unit: string): string {
  if (unit === 'reqps') return `${round(value)} req/s`
  if (unit === 'percentunit') return `${round(value * 100)} %`
  if (unit !== 's') return round(value)
  if (value < 1) return `${round(value * 1000)} ms`
  return value < 7_200 ? `${round(value)} s` : `${round(value / 3600)} h`
}
