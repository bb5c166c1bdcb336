import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import type { Contender } from './contenders.ts'
import { createFastTeam, type FastTeam } from './growth/tokens.ts'
import { load } from './load.ts'
import { forkPinned } from './pin.ts'
import type { Sample } from './sample.ts'
import { formatHead, signLines } from './signed-lines.ts'

/** One slice of load on one contender. */
export interface Slice {
  readonly requestsPerSecond: number
  /** Microseconds of the server's CPU time a request. */
  readonly cpu: number
}

/** More than any contender answers in a second; with a token to verify in each of them. */
const MAX_REQUESTS_PER_SECOND = 45_000
const MAX_TOKENS_PER_SECOND = 12_000

/**
 * Starts a contender in a fresh process, warms it up, and measures one slice.
 *
 * @param flags - for the server's Node, such as `--cpu-prof`
 */
export async function measure(
  name: string,
  contender: Contender,
  sample: Sample,
  seconds: number,
  flags: readonly string[] = [],
): Promise<Slice> {
  const team = contender.load === 'new tokens' ? createFastTeam() : undefined
  const own = team ? { ...sample, team: team.access } : sample
  const args = [name, JSON.stringify(own)]
  const server = forkPinned('measured', join(import.meta.dirname, 'server.ts'), args, flags)
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const loadFor = (time: number) => load(port, time, ...formatLoad(contender, own, time, team))
    // As long as the slice: where one answer takes long, half of it would not be enough for the code to become warm.
    await loadFor(seconds)
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

/** The head that all requests share, and the lines of each. */
function formatLoad(
  { load: kind }: Contender,
  sample: Sample,
  seconds: number,
  team: FastTeam | undefined,
): [head: string, lines: readonly string[]] {
  if (kind === 'unsigned') return [formatHead(sample), ['\r\n']]
  if (!team) return [formatHead(sample), signLines(sample, seconds * MAX_REQUESTS_PER_SECOND)]
  const first = Math.floor(Math.random() * 2 ** 40)
  const lines = signLines(sample, seconds * MAX_TOKENS_PER_SECOND, (n) => team.tokenOf(first + n))
  return [formatHead(sample, [ACCESS_TOKEN_HEADER]), lines]
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ cpu }] = (await once(server, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}
