import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../median.ts'

/** `node bench/growth/run.ts [--rounds 3]`: what verification costs as its surroundings grow; writes bench/growth.md. */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)

interface Curve {
  readonly name: string
  readonly of: string
  readonly sizes: readonly number[]
}

const CURVES: readonly Curve[] = [
  { name: 'fingerprints', of: 'fingerprints in the allow-list of the route', sizes: [1, 1_000, 100_000, 1_000_000] },
  { name: 'routes', of: 'routes, each with a guard', sizes: [1, 100, 1_000, 10_000] },
  {
    name: 'clients',
    of: 'clients in rotation, each with a token and a certificate of its own',
    sizes: [1, 100, 1_000, 2_000, 10_000, 100_000],
  },
  { name: 'chain', of: 'certificates in `Client-Cert-Chain`', sizes: [0, 1, 5, 10, 20] },
  { name: 'new tokens, Countersign', of: 'a token that was never seen, in full', sizes: [1] },
  { name: 'new tokens, jose', of: 'the same token with jose alone', sizes: [1] },
]

interface Point {
  readonly cost: number
  readonly heap: number
}

const points = new Map<string, Point[]>()
for (let round = 1; round <= rounds; round += 1) {
  for (const { name, sizes } of CURVES) {
    for (const size of sizes) {
      const script = join(import.meta.dirname, 'point.ts')
      const output = execFileSync(process.execPath, ['--expose-gc', script, name, String(size)], { encoding: 'utf8' })
      const point = JSON.parse(output) as Point
      const key = `${name} ${size}`
      points.set(key, [...(points.get(key) ?? []), point])
      console.log(`${round}/${rounds}  ${key.padEnd(28)} ${point.cost.toFixed(1)} µs  ${point.heap.toFixed(0)} MiB`)
    }
  }
}

const cell = (name: string, size: number) => {
  const measured = points.get(`${name} ${size}`) ?? []
  const [cost, heap] = [median(measured.map((point) => point.cost)), median(measured.map((point) => point.heap))]
  return `| ${size.toLocaleString('en')} | ${cost.toFixed(1)} | ${heap.toFixed(0)} |`
}
const table = ({ name, of, sizes }: Curve) =>
  [`| ${of} | CPU, µs a request | memory, MiB |`, '|---|---|---|', ...sizes.map((size) => cell(name, size))].join('\n')

writeFileSync(
  join(import.meta.dirname, '..', 'growth.md'),
  `# Growth

Written by \`pnpm bench:growth\`; do not edit.

${CURVES.map(table).join('\n\n')}

Tokens are remembered up to 5,000 and certificates up to 2,000: a client beyond that costs a verification of its token, a parsing of its certificate and a
verification of its issuer's signature each time it comes.

## Method

Each figure comes from a process of its own, without sockets: Fastify's router gets what Node's parser would give it, every string fresh, every request
signed with a nonce of its own. CPU time of all threads, the median of 60 batches of 100 requests; of these, the median of ${rounds} rounds. Memory is heap,
external memory and array buffers after a garbage collection, and includes the keys, tokens and certificates that the measurement itself keeps.

${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}.
`,
)
