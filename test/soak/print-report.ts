import { FLAT, type HeapVerdict } from './judge-heap.ts'
import type { Ledger } from './oracle/ledger.ts'
import type { LogFindings } from './origin/check-log.ts'
import type { DecisionCounts } from './origin/count-decisions.ts'
import { type FloodCost, GOOD_FLOOD } from './traffic/measure-floods.ts'

/** The results of a run. */
export interface Findings {
  readonly ledger: Ledger
  /** Requests of the run itself, without the floods after it. */
  readonly soaked: number
  readonly seconds: number
  readonly heap: HeapVerdict
  /** Delay of the origin's event loop, in milliseconds. */
  readonly delay: { readonly p99: number; readonly max: number }
  readonly floods: readonly FloodCost[]
  /** Open sockets of the origin after all clients have disconnected. */
  readonly connections: number
  readonly resources: readonly string[]
  readonly faults: readonly string[]
  /** The decisions of the origin, as its channels published them and as its answers show them. */
  readonly decisions: DecisionCounts
  readonly log: LogFindings
  readonly health: { readonly seen: string; readonly complaints: readonly string[] }
  /** Milliseconds from `close()` to the end of the process, or `null` if the run had to kill it. */
  readonly endedAfter: number | null
  /** The rotations of the Worker's key and of a CA, in files, and the bad files in between. */
  readonly fileRotations: number
  readonly badFiles: number
  readonly rotations: number
  readonly keyOutages: number
  readonly revocations: number
  readonly crlOutages: number
  readonly redisOutages: number
}

/** Prints the results. Returns `true` if there are no complaints. */
export function printReport(findings: Findings): boolean {
  const { ledger, heap, delay, floods, faults, decisions, log, health, connections, endedAfter } = findings
  const good = floods.find(({ name }) => name === GOOD_FLOOD)?.microseconds ?? Number.NaN
  const expensive = floods.filter(({ name, microseconds }) => !name.startsWith('good') && !(microseconds < good))
  const rows: [string, string][] = [
    [
      'on',
      'log (a function), OpenTelemetry, keys and CAs from files, report mode beside enforced routes, a shared replay store, revocation, Access',
    ],
    ['requests per second', (findings.soaked / findings.seconds).toFixed(0)],
    ['kinds of request', String(ledger.cases.size)],
    [
      'outcomes',
      [...ledger.outcomes]
        .map(([outcome, times]) => `${outcome} ${times}`)
        .sort()
        .join(', '),
    ],
    ['files of edge.keys and ca', `${findings.fileRotations} rotations, ${findings.badFiles} bad files`],
    ['Access keys', `${findings.rotations} rotations, ${findings.keyOutages} outages`],
    ['revocation list', `${findings.revocations} revocations, ${findings.crlOutages} outages`],
    ['Redis', `${findings.redisOutages} outages`],
    ['published decisions', `${total(decisions.published)} for ${total(decisions.answered)} answers`],
    ['counted by OpenTelemetry', String(total(decisions.measured))],
    ['lines of requests in the log', `${log.named} with the identity of their client, ${log.unnamed} without any`],
    ['messages about parts', inWords(decisions.parts)],
    ['health', health.seen],
    ['unhandled rejections, exceptions, warnings', String(faults.length)],
    [
      'heap after collection, mean of the first and the last third',
      `${megabytes(heap.first)}, ${megabytes(heap.last)}; flat is ${FLAT}`,
    ],
    ['event-loop delay, p99 and longest', `${delay.p99.toFixed(1)} ms, ${delay.max.toFixed(1)} ms`],
    ['open sockets after the clients have disconnected', String(connections)],
    ['open resources before the close', findings.resources.join(', ')],
    ['process ended after the close', endedAfter === null ? 'no, it was killed' : `after ${endedAfter.toFixed(0)} ms`],
    ...floods.map(({ name, microseconds }): [string, string] => [
      `processor time per request, ${name}`,
      `${microseconds.toFixed(0)} µs, ${(microseconds / good).toFixed(2)} of a good request of a new client`,
    ]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`)

  const complaints = [
    ...ledger.wrongs,
    ...faults.slice(0, 5),
    ...compareDecisions(decisions, ledger),
    ...log.faults,
    ...(log.named > 0 && log.unnamed > 0 ? [] : ['the log was not checked']),
    ...health.complaints,
    ...(heap.isFlat ? [] : ['the heap grew']),
    ...(connections === 0 ? [] : [`${connections} sockets stayed open`]),
    ...(endedAfter === null ? ['something kept the process alive'] : []),
    ...expensive.map(({ name }) => `a request with a ${name} costs no less than a good request of a new client`),
  ]
  for (const complaint of complaints) console.log(`✗ ${complaint}`)
  console.log(
    `soak: ${ledger.requests} requests, ${ledger.wrongCount} wrong decisions, ${faults.length} unhandled, ${findings.seconds.toFixed(0)} s`,
  )
  return complaints.length === 0
}

/** Each answer has one published decision with its code, and no published decision is without its answer. */
function compareDecisions({ published, answered, measured }: DecisionCounts, { outcomes }: Ledger): string[] {
  const codes = [...new Set([...Object.keys(published), ...Object.keys(answered), ...Object.keys(measured)])]
  return codes.flatMap((code) => {
    const [events = 0, answers = 0, judged = 0] = [published[code], answered[code], outcomes.get(code)]
    const counted = measured[code] ?? 0
    return [
      ...(events === counted ? [] : [`${code}: ${events} published decisions, and OpenTelemetry counted ${counted}`]),
      ...(events === answers ? [] : [`${code}: ${events} published decisions, and ${answers} answers`]),
      // A client that breaks off gets no answer.
      ...(events >= judged ? [] : [`${code}: ${events} published decisions, and the clients got ${judged} answers`]),
    ]
  })
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
