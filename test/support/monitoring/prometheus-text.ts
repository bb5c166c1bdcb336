/** A sample of the text format of Prometheus. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The samples of one answer of an exporter, with its time in seconds. */
export interface Scrape {
  readonly at: number
  readonly samples: readonly Sample[]
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy

/**
 * Reads the text format of Prometheus.
 *
 * @throws SyntaxError for a line that is neither a comment nor a sample
 */
export function parseSamples(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? []
      if (name === undefined) throw new SyntaxError(`no sample: ${line}`)
      return { name, labels: parseLabels(labels), value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) }
    })
}

function parseLabels(text: string): Record<string, string> {
  const found = [...text.matchAll(LABEL)]
  if (found.reduce((length, [all]) => length + all.length, 0) !== text.length)
    throw new SyntaxError(`no labels: ${text}`)
  return Object.fromEntries(found.map(([, name, value]) => [name, JSON.parse(`"${value}"`)]))
}

/** Scrapes an exporter. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the exporter answered ${response.status}`)
  return { at: performance.now() / 1000, samples: parseSamples(await response.text()) }
}
