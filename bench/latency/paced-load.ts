import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forkPinned, nextMessage } from '../lib/machine.ts'

/** A load with a constant rate. */
export interface Pace {
  readonly port: number
  /** Requests a second. */
  readonly rate: number
  /** The time that is recorded, and the time before it. */
  readonly seconds: number
  readonly unrecorded: number
  /** The request line and the header lines that all requests share. */
  readonly head: string
  /** A file with the own lines of each request, each with the empty line that ends the headers. */
  readonly linesFile: string
}

/** The result of a load. Times are in milliseconds, and latencies count from the intended time of a request. */
export interface Paced {
  /** The share of the recorded requests that were answered before the load ended. A server that bears the rate has 1. */
  readonly answered: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** The delay of the load itself: 99.9 % of the requests that could be sent in time were sent within it. */
  readonly lag: number
}

/** The number of requests of a load, and one more for the length of an answer. */
export const countRequests = ({ rate, seconds, unrecorded }: Pick<Pace, 'rate' | 'seconds' | 'unrecorded'>): number =>
  Math.floor(rate * (seconds + unrecorded)) + 1

/**
 * Loads a server at a constant rate, from a process of its own on the core of the load.
 *
 * @param lines - the own lines of each request, in the order of their times
 * @param onBegin - called as the load begins. To read a hundred megabytes of lines takes seconds before
 * @throws Error when the server refused a request
 */
export async function loadAtPace(
  pace: Omit<Pace, 'linesFile'>,
  lines: readonly string[],
  onBegin: () => void = () => {},
): Promise<Paced> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const linesFile = join(folder, 'lines')
  try {
    const count = countRequests(pace)
    writeFileSync(linesFile, (lines.length > count ? lines.slice(0, count) : lines).join(''), 'latin1')
    const child = forkPinned('load', join(import.meta.dirname, 'generator.ts'), [])
    child.send({ ...pace, linesFile })
    await nextMessage<'begin'>(child)
    onBegin()
    return await nextMessage<Paced>(child)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
