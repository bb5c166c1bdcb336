import type { Scrape } from './prometheus-text.ts'

/** One series of a result. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The value of an expression between two scrapes. A rate is that from the first to the second. */
type Evaluate = (from: Scrape, to: Scrape) => Series[]

const TOKEN = /\s*(?:([a-zA-Z_]\w*)|("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)(?![a-z])|\[([^\]]*)\]|(=~|!=|==|[(){},<>=/]))/gy
const AGGREGATIONS: Readonly<Record<string, (values: number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
}
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
}

/**
 * Evaluates the part of PromQL that the examples use. Prometheus itself is not at hand in the tests, but its grammar is.
 *
 * @throws SyntaxError for everything else
 */
export function compileQuery(query: string): Evaluate {
  const tokens: string[] = []
  let end = 0
  for (const match of query.matchAll(TOKEN)) {
    tokens.push(match[4] === undefined ? (match[0] ?? '').trim() : '[]')
    end = match.index + match[0].length
  }
  if (query.slice(end).trim() !== '') throw new SyntaxError(`unknown text in a query: ${query.slice(end)}`)
  let next = 0
  const peek = () => tokens[next]
  const take = (expected?: string): string => {
    const token = tokens[next]
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new SyntaxError(`${expected ?? 'more'} expected in ${query}, not ${token}`)
    }
    next += 1
    return token
  }
  const inParentheses = <Value>(read: () => Value): Value => {
    take('(')
    const value = read()
    take(')')
    return value
  }
  const listOf = (close: string, read: () => void) => {
    while (peek() !== close) {
      read()
      if (peek() === ',') take(',')
    }
    take(close)
  }

  const conjunction = (): Evaluate => {
    let left = comparison()
    while (peek() === 'and') {
      take()
      const [a, b] = [left, comparison()]
      left = (...scrapes) => a(...scrapes).filter(({ labels }) => find(b(...scrapes), labels) !== undefined)
    }
    return left
  }
  const comparison = (): Evaluate => {
    const left = quotient()
    const compare = COMPARISONS[peek() ?? '']
    if (!compare) return left
    take()
    const limit = Number(take())
    return (...scrapes) => left(...scrapes).filter(({ value }) => compare(value, limit))
  }
  const quotient = (): Evaluate => {
    const left = operand()
    if (peek() !== '/') return left
    take()
    const right = operand()
    return (...scrapes) => {
      const divisors = right(...scrapes)
      return left(...scrapes).flatMap(({ labels, value }) => {
        const divisor = find(divisors, labels)
        return divisor === undefined ? [] : [{ labels, value: value / divisor.value }]
      })
    }
  }
  const operand = (): Evaluate => {
    const name = peek() === '{' ? '' : take()
    const aggregate = AGGREGATIONS[name]
    if (aggregate) {
      const by: string[] = []
      if (peek() === 'by') {
        take()
        take('(')
        listOf(')', () => by.push(take()))
      }
      return groupBy(by, aggregate, inParentheses(conjunction))
    }
    if (name === 'rate' || name === 'increase') {
      return growthOf(
        inParentheses(() => {
          const vector = selector(peek() === '{' ? '' : take())
          take('[]')
          return vector
        }),
        name === 'rate',
      )
    }
    if (name === 'histogram_quantile') {
      return inParentheses(() => {
        const quantile = Number(take())
        take(',')
        return quantileOf(quantile, conjunction())
      })
    }
    return selector(name)
  }
  const selector = (name: string): Evaluate => {
    const matchers: ((labels: Readonly<Record<string, string>>) => boolean)[] = []
    if (name !== '') matchers.push(({ __name__ }) => __name__ === name)
    if (peek() === '{') {
      take()
      listOf('}', () => {
        const [label, operator, text] = [take(), take(), JSON.parse(take()) as string]
        const pattern = new RegExp(`^(?:${text})$`)
        if (operator === '=~') matchers.push((labels) => pattern.test(labels[label] ?? ''))
        else if (operator === '=') matchers.push((labels) => (labels[label] ?? '') === text)
        else if (operator === '!=') matchers.push((labels) => (labels[label] ?? '') !== text)
        else throw new SyntaxError(`unknown operator ${operator} in ${query}`)
      })
    }
    return (_, { samples }) =>
      samples
        .filter(({ name: __name__, labels }) => matchers.every((matches) => matches({ ...labels, __name__ })))
        .map(({ labels, value }) => ({ labels, value }))
  }

  const compiled = conjunction()
  if (next < tokens.length) throw new SyntaxError(`unknown text in ${query}: ${tokens.slice(next).join(' ')}`)
  return compiled
}

const keyOf = (labels: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(labels).toSorted())
const find = (series: readonly Series[], labels: Series['labels']) =>
  series.find((other) => keyOf(other.labels) === keyOf(labels))

function groupBy(by: readonly string[], aggregate: (values: number[]) => number, of: Evaluate): Evaluate {
  return (...scrapes) => {
    const labelsOf = ({ labels }: Series) => by.flatMap((name) => (name in labels ? [[name, labels[name]]] : []))
    const groups = Map.groupBy(of(...scrapes), (series) => JSON.stringify(labelsOf(series)))
    return [...groups].map(([key, members]) => ({
      labels: Object.fromEntries(JSON.parse(key)),
      value: aggregate(members.map(({ value }) => value)),
    }))
  }
}

/** A counter that is new in the second scrape has no growth in Prometheus. Here it began at 0. */
function growthOf(of: Evaluate, perSecond: boolean): Evaluate {
  return (from, to) => {
    const before = of(from, from)
    return of(from, to).map(({ labels, value }) => {
      const growth = value - (find(before, labels)?.value ?? 0)
      return { labels, value: perSecond ? growth / (to.at - from.at) : growth }
    })
  }
}

function quantileOf(quantile: number, of: Evaluate): Evaluate {
  return (...scrapes) => {
    const groups = Map.groupBy(of(...scrapes), ({ labels: { le: _, ...others } }) => JSON.stringify(others))
    return [...groups].flatMap(([key, members]) => {
      const buckets = members
        .map(({ labels, value }) => ({
          le: labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']),
          value,
        }))
        .toSorted((a, b) => a.le - b.le)
      const rank = quantile * (buckets.at(-1)?.value ?? 0)
      const index = buckets.findIndex(({ value }) => value >= rank)
      const [bucket, below] = [buckets[index], buckets[index - 1] ?? { le: 0, value: 0 }]
      if (!bucket || rank === 0) return []
      const share = (rank - below.value) / (bucket.value - below.value)
      const value = bucket.le === Number.POSITIVE_INFINITY ? below.le : below.le + (bucket.le - below.le) * share
      return [{ labels: JSON.parse(key), value }]
    })
  }
}
