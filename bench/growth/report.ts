import { describeMachine } from '../lib/machine.ts'
import { median } from '../lib/stats.ts'

/** A quantity that grows, measured at some sizes. */
export interface Curve {
  readonly name: string
  /** Its sizes in words, for the head of the table. */
  readonly of: string
  readonly sizes: readonly number[]
  /** A guess of the time to prepare one unit of its size. */
  readonly secondsPerUnit: number
}

/** Every curve. point.ts builds an origin for each of them, by name. */
export const CURVES: readonly Curve[] = [
  {
    name: 'fingerprints',
    of: 'fingerprints in the allow-list of the route',
    sizes: [1, 1_000, 100_000, 1_000_000],
    secondsPerUnit: 7e-6,
  },
  { name: 'routes', of: 'routes, each with a guard', sizes: [1, 100, 1_000, 10_000], secondsPerUnit: 4e-4 },
  {
    name: 'clients',
    of: 'clients in rotation, each with a token and a certificate of its own',
    sizes: [1, 100, 1_000, 2_000, 10_000, 100_000],
    secondsPerUnit: 1.4e-3,
  },
  { name: 'chain', of: 'certificates in `Client-Cert-Chain`', sizes: [0, 1, 5, 10, 20], secondsPerUnit: 0 },
  { name: 'new tokens, Countersign', of: 'a token that was never seen, in full', sizes: [1], secondsPerUnit: 3 },
  { name: 'new tokens, jose', of: 'the same token with jose alone', sizes: [1], secondsPerUnit: 3 },
]

/** One measurement of one size. */
export interface Point {
  /** Microseconds of CPU time a request. */
  readonly cost: number
  /** MiB. */
  readonly heap: number
}

export const pointName = (curve: string, size: number) => `${curve} ${size}`

/** Formats one table per curve, with the median of each point. */
export function formatTables(curves: readonly Curve[], points: ReadonlyMap<string, readonly Point[]>): string {
  const row = (name: string, size: number) => {
    const measured = points.get(pointName(name, size)) ?? []
    const [cost, heap] = [median(measured.map((point) => point.cost)), median(measured.map((point) => point.heap))]
    return `| ${size.toLocaleString('en')} | ${cost.toFixed(1)} | ${heap.toFixed(0)} |`
  }
  const tables = curves.map(({ name, of, sizes }) =>
    [`| ${of} | CPU, µs a request | memory, MiB |`, '|---|---|---|', ...sizes.map((size) => row(name, size))].join(
      '\n',
    ),
  )
  return tables.join('\n\n')
}

/** Formats the page around the tables. */
export function formatPage(tables: string, rounds: number, warning: string | undefined): string {
  return `# Growth

Written by \`pnpm bench:growth\`; do not edit.

${tables}

The plugin caches up to 5,000 tokens and 2,000 certificates.
A client that is not in the caches costs three checks: its token, its certificate, and the issuer's signature on it.

## Method

Each figure comes from its own process, without sockets.
Fastify's router gets requests as Node's parser would pass them: each string is new, and each request is signed with its own nonce.
CPU time is that of all threads, and the median of 60 batches of 100 requests.
Each figure is the median of ${rounds === 1 ? 'one such round' : `${rounds} such rounds`}.
Memory is the heap, external memory and array buffers after a garbage collection.
It includes the keys, tokens and certificates of the measurement itself.

${describeMachine()}.${warning ? `\n${warning}` : ''}
`
}
