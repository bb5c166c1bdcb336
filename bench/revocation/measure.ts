import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { argv } from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { createCrlLoader, hasSerial } from '../probes/internals.ts'

/** The cost of one load for the thread that answers requests. Times are in milliseconds. */
export interface CrlCost {
  /** From the call to the result. */
  readonly elapsed: number
  /** The time in which the event loop was busy, in all. */
  readonly busy: number
  /** The longest time in which the event loop was busy without a pause for a timer. */
  readonly longest: number
  /** MB that the loaded list takes. */
  readonly memory: number
  readonly entries: number
  /** Nanoseconds of a look-up. */
  readonly lookup: number
  /** The reason of a refused list. */
  readonly failure?: string
}

/** `node --expose-gc measure.ts <kind> <source> <PEM>`: loads a list once, and prints its cost as JSON. */
const [, , kind = '', source = '', caFile = ''] = argv
const ca = new X509Certificate(readFileSync(caFile))
const bounds = { maxBytes: 256 * 1024 * 1024, timeout: 60_000 }
const bytes = kind === 'function' ? readFileSync(source) : undefined
const crl = kind === 'server' ? new URL(source) : bytes ? () => bytes : source
const load = () => createCrlLoader(crl, ca, bounds)(new AbortController().signal)

// The first load of a process compiles code. Loads in the background find it compiled.
await load().catch(() => {})
await setTimeout(100)
globalThis.gc?.()
const start = performance.eventLoopUtilization()
const [list, failure] = await load().then(
  (loaded) => [loaded, undefined] as const,
  (error: Error) => [undefined, error.message] as const,
)
const { active, idle } = performance.eventLoopUtilization(start)

// Once more for the longest hold: the samples themselves make the loop busy.
await setTimeout(100)
globalThis.gc?.()
let [last, longest] = [performance.eventLoopUtilization(), 0]
const sampling = setInterval(() => {
  const now = performance.eventLoopUtilization()
  longest = Math.max(longest, performance.eventLoopUtilization(now, last).active)
  last = now
}, 1)
await load().catch(() => {})
await setTimeout(5)
clearInterval(sampling)

const lookups = 1_000_000
const absent = Buffer.alloc(16, 0x41)
const lookupStart = performance.now()
for (let at = 0; list && at < lookups; at += 1) {
  absent.writeUInt32BE(at, 8)
  if (hasSerial(list.serials, absent)) throw new Error('a list contains a number that was not written')
}
const cost: CrlCost = {
  elapsed: active + idle,
  busy: active,
  longest,
  memory: ((list?.serials.numbers.length ?? 0) + (list?.serials.slots.byteLength ?? 0)) / 1e6,
  entries: list?.serials.size ?? 0,
  lookup: ((performance.now() - lookupStart) / lookups) * 1e6,
  ...(failure !== undefined && { failure }),
}
console.log(JSON.stringify(cost))
