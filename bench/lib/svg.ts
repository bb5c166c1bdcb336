/** The width of every chart. Text of 13 units is legible on a phone at this width. */
export const WIDTH = 420

/** Colors that stand out on white and on black. */
export const COLORS = { ours: '#16a085', other: '#8a8f98', third: '#d9822b' } as const

/** Text and lines are dark on a light page and light on a dark one. The background is the page's. */
const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#333}',
  '.title{font-weight:bold}',
  '.small{font-size:11px;fill:#666}',
  '.grid{stroke:#ddd}',
  '@media(prefers-color-scheme:dark){text{fill:#ddd}.small{fill:#aaa}.grid{stroke:#444}}',
].join('')

/** Wraps the elements of a chart. */
export function formatSvg(label: string, height: number, elements: readonly string[]): string {
  const size = `viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" width="${WIDTH}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${label}"><style>${STYLE}</style>${elements.join('')}</svg>\n`
}

/** Formats one line of text. */
export function formatText(x: number, y: number, text: string, attributes = ''): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes && ` ${attributes}`}>${safe}</text>`
}

/** A logarithmic scale, with the powers of ten inside of it. */
export interface LogScale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/**
 * Builds a scale from one coordinate to another.
 *
 * @param values - the scale ends at the next powers of ten below and above them
 */
export function buildLogScale(values: readonly number[], from: number, to: number): LogScale {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)),
  }
}
