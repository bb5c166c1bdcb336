import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Contender } from './contenders.ts'
import type { Sample } from './sample.ts'

/** One slice of load on one contender. */
export interface Slice {
  readonly requestsPerSecond: number
  /** Microseconds of the server's CPU time a request. */
  readonly cpu: number
}

const canPin = spawnSync('taskset', ['--version']).status === 0
/** The server has a core to itself where that can be arranged, and the load the other. */
const pinned = (core: number) =>
  canPin ? { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath] } : {}

/** Starts a contender in a fresh process, warms it up, and measures one slice. */
export async function measure(name: string, { signature }: Contender, sample: Sample, seconds: number): Promise<Slice> {
  const server = fork(join(import.meta.dirname, 'server.ts'), [name, JSON.stringify(sample)], pinned(0))
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const job = { port, sample, signed: signature !== 'none' }
    await load({ ...job, seconds: seconds / 2 })
    const before = await cpuOf(server)
    const start = performance.now()
    const { answered, refused } = await load({ ...job, seconds })
    const elapsed = (performance.now() - start) / 1000
    const used = (await cpuOf(server)) - before
    // A refusal is cheaper than an answer: figures with refusals in them would be of something else.
    if (refused > 0 || answered === 0) throw new Error(`${name} refused ${refused} of ${refused + answered} requests`)
    return { requestsPerSecond: answered / elapsed, cpu: used / answered }
  } finally {
    server.kill()
  }
}

async function load(job: object): Promise<{ answered: number; refused: number }> {
  const child = fork(join(import.meta.dirname, 'load.ts'), [JSON.stringify(job)], pinned(1))
  const [counts] = await once(child, 'message')
  return counts
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ cpu }] = (await once(server, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}
