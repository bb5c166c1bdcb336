import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import { createFastTeam, type FastTeam } from '../lib/fast-identities.ts'
import { load, requireAllAnswered } from '../lib/load.ts'
import { forkPinned, nextMessage } from '../lib/machine.ts'
import type { Sample } from '../lib/sample.ts'
import { formatHead, signLines } from '../lib/signed-lines.ts'
import type { Slice } from '../lib/stats.ts'
import type { Entrant } from './compare.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { WATCHED } from './watched.ts'

/** More requests than any contender answers in a second, and the same for requests with a token to verify. */
const MAX_REQUESTS_PER_SECOND = 45_000
const MAX_TOKENS_PER_SECOND = 12_000

/**
 * Starts an entrant in a new process, warms it up, and measures it once.
 *
 * @param flags - for the server's Node, such as `--cpu-prof`
 * @throws Error when the server refused a request
 */
export async function measure(
  { row, name, checkout }: Entrant,
  sample: Sample,
  seconds: number,
  flags: readonly string[] = [],
): Promise<Slice> {
  const contender = contenderOf(name)
  const team = contender.load === 'new tokens' ? createFastTeam() : undefined
  const own = team ? { ...sample, team: team.access } : sample
  const args = [name, JSON.stringify(own), checkout]
  const server = forkPinned('measured', join(import.meta.dirname, 'server.ts'), args, flags)
  try {
    const { port } = await nextMessage<{ port: number }>(server)
    const loadFor = (time: number) => load(port, time, ...formatLoad(contender, own, time, team))
    // As long as the measurement: half of it would not warm up the code of a slow contender.
    await loadFor(seconds)
    const before = await cpuOf(server)
    const counts = await loadFor(seconds)
    const used = (await cpuOf(server)) - before
    requireAllAnswered(row, counts)
    return { requestsPerSecond: counts.answered / counts.elapsed, cpu: used / counts.answered }
  } finally {
    // Not by a signal: Node writes a profile only when the process ends by itself.
    if (server.connected) {
      server.disconnect()
      await once(server, 'exit')
    }
  }
}

/** The contender with a name. */
export const contenderOf = (name: string): Contender => (CONTENDERS[name] ?? WATCHED[name]) as Contender

/** A guess of the time that {@link measure} takes, with the signing of its requests. */
export function guessSeconds({ load: kind }: Contender, seconds: number): number {
  const signing = { unsigned: 0, unverified: 0.2, hmac: 0.6, ed25519: 2.5, 'new tokens': 8 }[kind]
  return 1.5 + 2 * seconds * (1 + signing)
}

/** An origin that ignores signatures accepts them after their time, and twice: a run needs only one set of them. */
let unverifiedLines: readonly string[] | undefined

/** Formats the head of all requests, and the lines of each. */
function formatLoad(
  { load: kind }: Contender,
  sample: Sample,
  seconds: number,
  team: FastTeam | undefined,
): [head: string, lines: readonly string[]] {
  if (kind === 'unsigned') return [formatHead(sample), ['\r\n']]
  const count = seconds * MAX_REQUESTS_PER_SECOND
  if (kind === 'unverified') {
    unverifiedLines ??= signLines(sample, count)
    return [formatHead(sample), unverifiedLines]
  }
  if (!team) return [formatHead(sample), signLines(sample, count)]
  const first = Math.floor(Math.random() * 2 ** 40)
  const lines = signLines(sample, seconds * MAX_TOKENS_PER_SECOND, (n) => team.tokenOf(first + n))
  return [formatHead(sample, [ACCESS_TOKEN_HEADER]), lines]
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const { cpu } = await nextMessage<{ cpu: NodeJS.CpuUsage }>(server)
  return cpu.user + cpu.system
}
