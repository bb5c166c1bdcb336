import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Contender } from './contenders.ts'
import { canPin, load } from './load.ts'
import type { Sample } from './sample.ts'
import { formatHead, signLines } from './signed-lines.ts'

/** One slice of load on one contender. */
export interface Slice {
  readonly requestsPerSecond: number
  /** Microseconds of the server's CPU time a request. */
  readonly cpu: number
}

/** More than any contender answers in a second. */
const MAX_REQUESTS_PER_SECOND = 45_000

/**
 * Starts a contender in a fresh process, warms it up, and measures one slice.
 *
 * @param flags - for the server's Node, such as `--cpu-prof`
 */
export async function measure(
  name: string,
  { signature }: Contender,
  sample: Sample,
  seconds: number,
  flags: readonly string[] = [],
): Promise<Slice> {
  const server = startServer([name, JSON.stringify(sample)], flags)
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const loadFor = (time: number) => {
      const lines = signature === 'none' ? ['\r\n'] : signLines(sample, time * MAX_REQUESTS_PER_SECOND)
      return load(port, time, formatHead(sample), lines)
    }
    await loadFor(Math.ceil(seconds / 2))
    const before = await cpuOf(server)
    const { answered, refused, failed, elapsed } = await loadFor(seconds)
    const used = (await cpuOf(server)) - before
    // A refusal is cheaper than an answer: figures with refusals in them would be of something else.
    if (refused + failed > 0 || answered === 0) {
      throw new Error(`${name}: ${answered} answers, ${refused} refusals, ${failed} failures`)
    }
    return { requestsPerSecond: answered / elapsed, cpu: used / answered }
  } finally {
    // Not by a signal: a profile is written at the end of a process that ends by itself.
    server.disconnect()
    await once(server, 'exit')
  }
}

/** The server has a core to itself where that can be arranged, and the load the other. */
function startServer(args: string[], flags: readonly string[]): ChildProcess {
  const pinned = canPin && { execPath: 'taskset', execArgv: ['-c', '0', process.execPath, ...flags] }
  return fork(join(import.meta.dirname, 'server.ts'), args, pinned || { execArgv: [...flags] })
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ cpu }] = (await once(server, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}
