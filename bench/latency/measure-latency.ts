import { setTimeout } from 'node:timers/promises'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import type { Sample } from '../lib/sample.ts'
import { formatHead } from '../lib/signed-lines.ts'
import { CHANGING_NAME } from '../origin/changing.ts'
import { entrantOf } from '../origin/compare.ts'
import { loadFor, start, WARM_UP } from '../origin/measure.ts'
import { startChanges } from './changes.ts'
import { countRequests, loadAtPace, type Pace, type Paced } from './paced-load.ts'

/** The shares of bare Fastify's capacity at which a row is measured. */
export const SHARES: readonly number[] = [0.25, 0.5, 0.75]
/** Where the disturbances are measured. At 75 % of bare Fastify an origin in full has no time left. */
export const CHANGING_SHARES: readonly number[] = [0.25, 0.5]

/**
 * Seconds of load before each measurement that are not recorded. The load is a new process each time, and V8 compiles it
 * on the core that sends: after one second, that still delayed 0.1 % of the requests by ten milliseconds.
 */
export const UNRECORDED = 3
/** Seconds between two fetches of Access keys that an unknown key triggers, with a margin. */
const ACCESS_COOLDOWN = 31
/**
 * The share at which an origin is loaded until its keys change in a measurement. V8 shrinks the heap of a process that idles
 * for some seconds, and then collects garbage as soon as a change needs memory. So one load follows another at once.
 */
const STEADY_SHARE = 0.25
/** Seconds from a change of keys to its end, and between the end of one and the measurement of another. */
const CHANGE = 5
const BETWEEN = 20
/** Seconds before the end of a load in which the requests of the next one are signed. */
const SIGNING = 8
/** Milliseconds: half of the difference that a figure has to show. A load that is later than this measures itself. */
export const MOST_LAG = 5
/** A disturbance of a moment does not end a run of many minutes. */
const ATTEMPTS = 3

/** The latencies of a row, by share. */
export type ByShare = ReadonlyMap<number, Paced>

/**
 * Measures one row at each share of a capacity, in a new process, and again if the load was late.
 *
 * @param capacity - the requests a second that bare Fastify bears in the same round
 * @param attempts - after the last of them the result may be late: see {@link isLate}
 * @throws Error when the server refused a request
 */
export async function measureLatency(
  name: string,
  sample: Sample,
  capacity: number,
  seconds: number,
  attempts: number = ATTEMPTS,
): Promise<ByShare> {
  const byShare = await (name === CHANGING_NAME ? measureChanging : measureQuiet)(name, sample, capacity, seconds)
  return isLate(byShare) && attempts > 1 ? measureLatency(name, sample, capacity, seconds, attempts - 1) : byShare
}

/** Whether the load itself was late. Such a latency is not the server's alone. */
export const isLate = (byShare: ByShare): boolean =>
  [...byShare.values()].some((paced) => isBorne(paced) && paced.lag > MOST_LAG)

/** Whether a server answered as fast as the requests came. Its latency would otherwise grow with the length of the run. */
export const isBorne = ({ answered }: Paced): boolean => answered >= 0.99

async function measureQuiet(name: string, sample: Sample, capacity: number, seconds: number): Promise<ByShare> {
  const entrant = entrantOf(name)
  await using server = await start(entrant, sample)
  await loadFor(entrant, server, WARM_UP)
  const byShare = new Map<number, Paced>()
  for (const share of SHARES) {
    const pace = { port: server.port, rate: capacity * share, seconds, unrecorded: UNRECORDED }
    const [head, lines] = server.formatLoad(countRequests(pace))
    const paced = await loadAtPace({ ...pace, head }, lines)
    byShare.set(share, paced)
    if (!isBorne(paced)) break
  }
  return byShare
}

async function measureChanging(name: string, base: Sample, capacity: number, seconds: number): Promise<ByShare> {
  const byShare = new Map<number, Paced>()
  for (const share of CHANGING_SHARES) {
    const changes = await startChanges(base, 2)
    try {
      const { sample } = changes
      const entrant = entrantOf(name)
      await using server = await start(entrant, sample)
      await loadFor(entrant, server, WARM_UP)
      const head = formatHead(sample, [ACCESS_TOKEN_HEADER])
      const pace = { port: server.port, head, rate: capacity * share, seconds, unrecorded: UNRECORDED }
      const steady = { ...pace, rate: capacity * STEADY_SHARE, unrecorded: 0 }
      const first = { ...steady, seconds: ACCESS_COOLDOWN + CHANGE + SIGNING }
      const between = { ...steady, seconds: BETWEEN }
      const measured = UNRECORDED + seconds / 2
      // The first change of a process runs code that V8 has not compiled.
      const firstLines = changes.addKeys(countRequests(first), Math.floor(first.rate * ACCESS_COOLDOWN))
      const lines = await loadAndSign(
        first,
        firstLines,
        () => changes.formatLines(countRequests(between)),
        () => changes.removeKeyAfter(ACCESS_COOLDOWN + CHANGE / 2),
      )
      const measuredLines = await loadAndSign(between, lines, () =>
        changes.addKeys(countRequests(pace), Math.floor(pace.rate * measured)),
      )
      byShare.set(share, await loadAtPace(pace, measuredLines, () => changes.removeKeyAfter(measured + seconds / 4)))
    } finally {
      changes.close()
    }
  }
  return byShare
}

/**
 * Loads an origin, and signs the requests of the next load while this one runs.
 *
 * @param sign - returns the lines of the next load
 */
async function loadAndSign(
  pace: Omit<Pace, 'linesFile'>,
  lines: readonly string[],
  sign: () => string[],
  onBegin: () => void = () => {},
): Promise<string[]> {
  const next = Promise.withResolvers<string[]>()
  await loadAtPace(pace, lines, () => {
    onBegin()
    next.resolve(setTimeout((pace.unrecorded + pace.seconds - SIGNING) * 1_000).then(sign))
  })
  return next.promise
}
