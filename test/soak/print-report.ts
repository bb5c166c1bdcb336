import type { HeapVerdict } from './judge-heap.ts'
import type { Ledger } from './oracle/ledger.ts'
import { type FloodCost, GOOD_FLOOD } from './traffic/measure-floods.ts'

/** What a run found. */
export interface Findings {
  readonly ledger: Ledger
  /** Requests of the run itself, without the floods behind it. */
  readonly soaked: number
  readonly seconds: number
  readonly heap: HeapVerdict
  /** Of the origin's event loop, in milliseconds. */
  readonly delay: { readonly p99: number; readonly max: number }
  readonly floods: readonly FloodCost[]
  /** Sockets that the origin still has when every client is gone. */
  readonly connections: number
  readonly resources: readonly string[]
  readonly faults: readonly string[]
  /** Milliseconds from `close()` to the end of the process; `null` if it had to be killed. */
  readonly endedAfter: number | null
  readonly rotations: number
  readonly keyOutages: number
  readonly revocations: number
  readonly crlOutages: number
  readonly redisOutages: number
}

/** Prints them, and says whether all is well. */
export function printReport(findings: Findings): boolean {
  const { ledger, heap, delay, floods, faults, connections, endedAfter } = findings
  const good = floods.find(({ name }) => name === GOOD_FLOOD)?.microseconds ?? Number.NaN
  const dear = floods.filter(({ name, microseconds }) => !name.startsWith('good') && !(microseconds < good))
  const rows: [string, string][] = [
    ['requests a second', (findings.soaked / findings.seconds).toFixed(0)],
    ['kinds of request', String(ledger.cases.size)],
    [
      'outcomes',
      [...ledger.outcomes]
        .map(([outcome, times]) => `${outcome} ${times}`)
        .sort()
        .join(', '),
    ],
    ['Access keys', `${findings.rotations} rotations, ${findings.keyOutages} outages`],
    ['revocation list', `${findings.revocations} revocations, ${findings.crlOutages} outages`],
    ['Redis', `${findings.redisOutages} outages`],
    ['unhandled rejections, exceptions, warnings', String(faults.length)],
    ['heap after collection, first and last third', `${megabytes(heap.first)}, ${megabytes(heap.last)}`],
    ['event-loop delay, p99 and longest', `${delay.p99.toFixed(1)} ms, ${delay.max.toFixed(1)} ms`],
    ['sockets left when the clients are gone', String(connections)],
    ['still open before the close', findings.resources.join(', ')],
    ['process ended after the close', endedAfter === null ? 'not by itself' : `in ${endedAfter.toFixed(0)} ms`],
    ...floods.map(({ name, microseconds }): [string, string] => [
      `processor time, ${name}`,
      `${microseconds.toFixed(0)} µs, ${(microseconds / good).toFixed(2)} of a good one of a new client`,
    ]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`)

  const complaints = [
    ...ledger.wrongs,
    ...faults.slice(0, 5),
    ...(heap.isFlat ? [] : ['the heap grew']),
    ...(connections === 0 ? [] : [`${connections} sockets were left`]),
    ...(endedAfter === null ? ['something kept the process alive'] : []),
    ...dear.map(({ name }) => `a ${name} costs no less than a good request of a new client`),
  ]
  for (const complaint of complaints) console.log(`✗ ${complaint}`)
  console.log(
    `soak: ${ledger.requests} requests, ${ledger.wrongCount} wrong decisions, ${faults.length} unhandled, ${findings.seconds.toFixed(0)} s`,
  )
  return complaints.length === 0
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
