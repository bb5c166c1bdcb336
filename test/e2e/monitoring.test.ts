import { countersignErrors } from '@countersign/origin-plugin'
import { parser } from '@prometheus-io/lezer-promql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readText, tableRows } from '../support/files.ts'
import { type MonitoredOrigin, startMonitoredOrigin } from '../support/monitoring/monitored-origin.ts'
import type { Scrape } from '../support/monitoring/prometheus-text.ts'
import { compileQuery } from '../support/monitoring/promql.ts'

interface Dashboard {
  readonly panels: {
    readonly title: string
    readonly targets: { readonly expr: string; readonly legendFormat: string }[]
  }[]
}
interface Rules {
  readonly groups: {
    readonly rules: {
      readonly alert: string
      readonly expr: string
      readonly annotations: { readonly summary: string }
    }[]
  }[]
}

const { panels } = JSON.parse(readText('examples/monitoring/dashboard.json')) as Dashboard
const rules = (parse(readText('examples/monitoring/alerts.yml')) as Rules).groups.flatMap(({ rules }) => rules)

/** The queries for the person on call: each cell and each block of the page. */
const OPERATIONS = readText('docs/operations.md')
const IN_CELLS = tableRows(OPERATIONS).flatMap(([symptom = '', code = '', ...cells]) =>
  cells.flatMap((cell) => {
    const [, query] = /^`((?:sum|max)\b.+)`$/.exec(cell) ?? []
    return query === undefined ? [] : [{ symptom, code: code.replaceAll('`', ''), query }]
  }),
)
const IN_BLOCKS = [...OPERATIONS.matchAll(/```promql\n\s*(.+)\n\s*```/g)].map(([, query]) => query as string)

/** Every query, with the text that names its labels. Grafana replaces the interval. */
const QUERIES = [
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      title,
      query: expr.replaceAll('$__rate_interval', '1m'),
      named: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label as string),
    })),
  ),
  ...rules.map(({ alert, expr, annotations: { summary } }) => ({
    title: alert,
    query: expr,
    named: [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label as string),
  })),
  ...IN_CELLS.map(({ symptom, query }) => ({ title: symptom, query, named: [] })),
  ...IN_BLOCKS.map((query) => ({ title: query, query, named: [] })),
]

/** The names of Prometheus itself: the target of a scrape, and the bound of a bucket. */
const OF_PROMETHEUS = ['instance', 'le']

let origin: MonitoredOrigin
let before: Scrape
let after: Scrape
let statuses: number[]
beforeAll(async () => {
  origin = await startMonitoredOrigin()
  before = await origin.scrape()
  statuses = await origin.traffic()
  await origin.setListAvailable(false)
  after = await origin.scrape()
})
afterAll(() => origin?.close())

/** The nodes of a kind in the tree that the grammar of Prometheus makes of a query. */
function nodesOf(query: string, kind: string): string[] {
  const found: string[] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to }) => void (name === kind && found.push(query.slice(from, to))),
  })
  return found
}

const evaluate = (query: string) => compileQuery(query)(before, after)
const alertOf = (name: string) => evaluate(rules.find(({ alert }) => alert === name)?.expr ?? '')

describe('the exporter', () => {
  it('has every decision on a real request, by outcome and code', () => {
    expect(statuses).toEqual([
      ...[200, 200, 200, 404, 200, 200, 200, 404],
      ...[200, 403, 200, 404],
      ...[403, 403, 200, 403],
      ...[401, 401, 200, 401],
      401,
    ])
    const counts = evaluate(
      'sum by (countersign_code, countersign_enforced) (increase(countersign_decisions_total[1m]))',
    )
    expect(counts.map(({ labels, value }) => [...Object.values(labels), value].join(' ')).toSorted()).toEqual([
      'CSN_CERT_EXPIRED false 1',
      'CSN_CERT_EXPIRED true 3',
      'CSN_CERT_FORBIDDEN true 1',
      'CSN_CERT_MISSING false 1',
      'CSN_CERT_MISSING true 3',
      'CSN_SIGNATURE_MISSING true 1',
      'false 3',
      'true 8',
    ])
  })

  it('names declared routes alone', () => {
    const routes = evaluate('max by (http_route) (countersign_decisions_total)').map(
      ({ labels }) => labels['http_route'],
    )
    expect(routes.toSorted()).toEqual(['/admin/:id', '/me', '/old/report', undefined])
  })
})

describe.each(QUERIES)('the query of "$title"', ({ query, named }) => {
  it('is PromQL', () => {
    expect(nodesOf(query, '⚠')).toEqual([])
    expect(nodesOf(query, 'VectorSelector').length).toBeGreaterThan(0)
  })

  it('names metrics of the exporter, by the names of a collector too', () => {
    const names = new Set(after.samples.map(({ name }) => name))
    const written = [
      ...nodesOf(query, 'Identifier').filter((name) => name.startsWith('countersign_')),
      ...[...query.matchAll(/__name__=~"([^"]+)"/g)].map(([, pattern]) => pattern as string),
    ]
    expect(written).toHaveLength(nodesOf(query, 'VectorSelector').length)
    for (const name of written) {
      const pattern = new RegExp(`^(?:${name})$`)
      const found = [...names].filter((known) => pattern.test(known))
      expect([name, found.length]).toEqual([name, 1])
      // A collector adds the unit, before the suffix of a bucket.
      const isOfSeconds = /age|remaining|duration|idle/.test(name)
      const collected = found[0]?.replace(/(_bucket)?$/, '_seconds$1') ?? ''
      expect([name, pattern.test(collected)]).toEqual([name, isOfSeconds])
    }
  })

  it('names labels of the exporter', () => {
    const labels = new Set(after.samples.flatMap(({ labels }) => Object.keys(labels)))
    const written = [...nodesOf(query, 'LabelName'), ...named]
    for (const label of written) {
      if (label === '__name__' || OF_PROMETHEUS.includes(label)) continue
      expect([label, labels.has(label)]).toEqual([label, true])
    }
    for (const matcher of nodesOf(query, 'UnquotedLabelMatcher')) {
      const [, label = '', operator, value = ''] = /^(\w+)(=~?)"(.*)"$/.exec(matcher) ?? []
      if (label === '__name__') continue
      const values = [...after.samples.map(({ labels }) => labels[label] ?? ''), ...countersignErrors.keys()]
      const pattern = new RegExp(`^(?:${value})$`)
      const isFound = operator === '=' ? values.includes(value) : values.some((known) => pattern.test(known))
      expect([matcher, isFound]).toEqual([matcher, true])
    }
    // A label in the legend or in the summary is one of the result.
    const grouped = nodesOf(query, 'GroupingLabels').flatMap((list) => list.match(/\w+/g) ?? [])
    expect(named.filter((label) => !grouped.includes(label))).toEqual([])
  })
})

describe('the dashboard', () => {
  it.each(panels)('has data in "$title"', ({ targets }) => {
    for (const { expr } of targets) expect(evaluate(expr.replaceAll('$__rate_interval', '1m'))).not.toEqual([])
  })

  it('uses every metric of the exporter', () => {
    const written = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join()
    const names = new Set(after.samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
    const unused = [...names].filter((name) => name !== 'target_info' && !written.includes(name))
    expect(unused).toEqual([])
  })
})

describe('the table of docs/operations.md', () => {
  it('has the name in Prometheus of each metric', () => {
    const names = new Set(after.samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
    names.delete('target_info')
    const rows = [...readText('docs/operations.md').matchAll(/^\| `(countersign\.[\w.]+)`.*`(countersign_\w+)` \|$/gm)]
    expect(rows.map(([, , name]) => name).toSorted()).toEqual([...names].toSorted())
    for (const [, name, printed] of rows) expect(printed?.replace(/_total$/, '')).toBe(name?.replaceAll('.', '_'))
  })
})

describe('the table for the person on call', () => {
  const counts = (query = '') => evaluate(query).map(({ labels, value }) => [...Object.values(labels), value].join(' '))
  const of = (code: string) => counts(IN_CELLS.find((row) => row.code === code)?.query)

  it('has a query for every code, by that code', () => {
    const rows = IN_CELLS.filter(({ code }) => code.startsWith('CSN_') && !code.includes('…'))
    expect(rows.map(({ code }) => code).toSorted()).toEqual([...countersignErrors.keys()].toSorted())
    for (const { code, query } of rows) expect(query).toContain(`{countersign_code="${code}"}[1h]`)
  })

  it('counts real refusals', () => {
    expect(of('CSN_CERT_FORBIDDEN')).toEqual(['/admin/:id 1'])
    expect(of('CSN_CERT_UNREADABLE')).toEqual([])
    expect(counts(IN_BLOCKS[0]).toSorted()).toEqual([
      'CSN_CERT_EXPIRED 4',
      'CSN_CERT_FORBIDDEN 1',
      'CSN_CERT_MISSING 4',
      'CSN_SIGNATURE_MISSING 1',
    ])
    expect(counts(IN_BLOCKS[1]).toSorted()).toEqual([
      '/old/report CSN_CERT_EXPIRED 1',
      '/old/report CSN_CERT_MISSING 1',
    ])
  })

  it('finds routes in report mode, a degraded part, and no silence', () => {
    const found = (text: string) => evaluate(IN_CELLS.find(({ symptom }) => symptom.includes(text))?.query ?? '')
    expect(found('passes that should not')).toMatchObject([{ value: 2 }])
    expect(found('nothing yet')).toMatchObject([{ labels: { countersign_part_type: 'revocation list' } }])
    expect(found('500 at the edge')).toEqual([])
  })
})

describe('the alerts', () => {
  it('see a list that cannot be loaded, and no part that fails', () => {
    expect(alertOf('CountersignPartDegraded').map(({ labels }) => labels['countersign_part_type'])).toEqual([
      'revocation list',
    ])
    expect(alertOf('CountersignPartFailing')).toEqual([])
    expect(alertOf('CountersignDataRunsOut')).toEqual([])
  })

  it('see routes in report mode, and not the rate of a quiet origin', () => {
    expect(alertOf('CountersignNotEnforced')).toMatchObject([{ value: 2 }])
    expect(alertOf('CountersignUnavailable')).toEqual([])
    expect(alertOf('CountersignRefusesMost')).toEqual([])
  })
})
