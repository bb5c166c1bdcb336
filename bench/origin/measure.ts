import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import { createFastTeam, type FastTeam } from '../lib/fast-identities.ts'
import { type Counts, load, requireAllAnswered } from '../lib/load.ts'
import { forkPinned, nextMessage } from '../lib/machine.ts'
import { startPinnedRedis } from '../lib/pinned-redis.ts'
import type { Sample } from '../lib/sample.ts'
import { formatHead, signLines } from '../lib/signed-lines.ts'
import { median, type Slice } from '../lib/stats.ts'
import { takeTurns } from '../lib/turns.ts'
import { CHANGING } from './changing.ts'
import type { Entrant, MeasuredPair, Pair } from './compare.ts'
import type { Contender } from './contender.ts'
import { CONTENDERS } from './contenders.ts'
import { requireRefusals } from './require-refusals.ts'
import { WATCHED } from './watched.ts'

/**
 * More requests than any contender answers in a second, and the same for requests with a token to verify.
 *
 * wrk repeats the last request if it needs more. Its second takes up to 1.4 seconds on a machine that pauses.
 */
const MAX_REQUESTS_PER_SECOND = 60_000
const MAX_TOKENS_PER_SECOND = 24_000

/**
 * Seconds of load before a measurement.
 *
 * An origin takes 2.0 times the CPU time in its first second, and 1.6 times in its second, because V8 compiles its code.
 * From the fourth second on, it stays the same. An origin with more code has more to compile.
 */
export const WARM_UP = 5

/** A contender that runs in a process of its own, and has refused the requests that it must refuse. */
export interface Running extends AsyncDisposable {
  readonly port: number
  /** Microseconds of CPU time until now, all threads. */
  cpu(): Promise<number>
  /** Formats the head of all requests, and the lines of each, for this number of requests. */
  formatLoad(count: number): [head: string, lines: readonly string[]]
}

/**
 * Starts an entrant in a new process, with a Redis of its own if it needs one.
 *
 * @param flags - for the server's Node, such as `--cpu-prof`
 * @throws Error when it answers a request that it must refuse
 */
export async function start(
  { row, name, checkout }: Entrant,
  sample: Sample,
  flags: readonly string[] = [],
): Promise<Running> {
  const contender = contenderOf(name)
  const team = contender.load === 'new tokens' ? createFastTeam() : undefined
  const redis = contender.needsRedis && (await startPinnedRedis())
  const own = { ...sample, ...(team && { team: team.access }), ...(redis && { redis: redis.url }) }
  const args = [name, JSON.stringify(own), checkout]
  // The plugin would warn that the reasons of the refusals below are logged nowhere.
  const quiet = '--disable-warning=CSN_REASONS_LOST'
  const server = forkPinned('measured', join(import.meta.dirname, 'server.ts'), args, [quiet, ...flags])
  // Not by a signal: Node writes a profile only when the process ends by itself.
  const stop = async () => {
    if (server.connected) {
      server.disconnect()
      await once(server, 'exit')
    }
    await redis?.[Symbol.asyncDispose]()
  }
  try {
    const { port } = await nextMessage<{ port: number }>(server)
    await requireRefusals(row, port, contender, own, team)
    return {
      port,
      cpu: () => cpuOf(server),
      formatLoad: (count) => formatLoad(contender, own, count, team),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * Starts an entrant in a new process, warms it up, and measures it once.
 *
 * @param warmUp - seconds
 * @throws Error when the server refused a request
 */
export async function measure(
  entrant: Entrant,
  sample: Sample,
  { seconds, warmUp }: { readonly seconds: number; readonly warmUp: number },
): Promise<Slice> {
  await using server = await start(entrant, sample)
  await loadFor(entrant, server, warmUp)
  return await measureRunning(entrant, server, seconds)
}

/** The turns of a pair in one round, and their lengths. */
export interface TurnLengths {
  readonly turns: number
  /** Seconds of one turn. */
  readonly seconds: number
  /** Seconds. */
  readonly warmUp: number
}

/**
 * Starts both sides of a pair in processes of their own, warms them up, and lets them take turns: see {@link takeTurns}.
 *
 * Both start for this pair alone. A side that waits while others are measured is dearer in its next turn: with 20 of
 * them, one that kept its token in a cache took twice as long as bare Fastify, and not 1.1 times.
 *
 * @param sampleOf - the request for an entrant
 * @param flagsOf - as in {@link start}
 * @throws Error when a server refused a request
 */
export async function measurePair(
  pair: Pair,
  sampleOf: (entrant: Entrant) => Sample,
  { turns, seconds, warmUp }: TurnLengths,
  flagsOf: (entrant: Entrant) => readonly string[],
): Promise<MeasuredPair> {
  await using stack = new AsyncDisposableStack()
  const sides: { readonly entrant: Entrant; readonly server: Running }[] = []
  for (const entrant of [pair.base, pair.own]) {
    const server = stack.use(await start(entrant, sampleOf(entrant), flagsOf(entrant)))
    await loadFor(entrant, server, warmUp)
    sides.push({ entrant, server })
  }
  const taken = await takeTurns(turns, sides, ({ entrant, server }) => measureRunning(entrant, server, seconds))
  const [base, own] = taken as [base: readonly Slice[], own: readonly Slice[]]
  const ratios = own.map((slice, turn) => divide(slice, base[turn] as Slice))
  return { own: medianSlice(own), base: medianSlice(base), ratio: medianSlice(ratios) }
}

function divide(own: Slice, base: Slice): Slice {
  return { requestsPerSecond: own.requestsPerSecond / base.requestsPerSecond, cpu: own.cpu / base.cpu }
}

function medianSlice(slices: readonly Slice[]): Slice {
  return {
    requestsPerSecond: median(slices.map(({ requestsPerSecond }) => requestsPerSecond)),
    cpu: median(slices.map(({ cpu }) => cpu)),
  }
}

async function measureRunning(entrant: Entrant, server: Running, seconds: number): Promise<Slice> {
  const before = await server.cpu()
  const counts = await loadFor(entrant, server, seconds)
  const used = (await server.cpu()) - before
  return { requestsPerSecond: counts.answered / counts.elapsed, cpu: used / counts.answered }
}

/**
 * Loads a running entrant for some seconds.
 *
 * @throws Error when it refused a request
 */
export async function loadFor({ row, name }: Entrant, server: Running, seconds: number): Promise<Counts> {
  const perSecond = contenderOf(name).load === 'new tokens' ? MAX_TOKENS_PER_SECOND : MAX_REQUESTS_PER_SECOND
  const counts = await load(server.port, seconds, ...server.formatLoad(seconds * perSecond))
  requireAllAnswered(row, counts)
  return counts
}

/** The contender with a name. */
export const contenderOf = (name: string): Contender =>
  (CONTENDERS[name] ?? WATCHED[name] ?? CHANGING[name]) as Contender

/** A guess of the time that {@link measurePair} takes, with the signing of the requests. */
export function guessSeconds({ own, base }: Pair, { turns, seconds, warmUp }: TurnLengths): number {
  const secondsOf = ({ name }: Entrant) => {
    const signing = { unsigned: 0, unverified: 0.2, hmac: 0.8, ed25519: 3.3, 'new tokens': 16 }[contenderOf(name).load]
    return 1.5 + (warmUp + turns * seconds) * (1 + signing)
  }
  return secondsOf(own) + secondsOf(base)
}

/** An origin that ignores signatures accepts them after their time, and twice: a run needs only one set of them. */
let unverifiedLines: readonly string[] = []

function formatLoad(
  { load: kind }: Contender,
  sample: Sample,
  count: number,
  team: FastTeam | undefined,
): [head: string, lines: readonly string[]] {
  if (kind === 'unsigned') return [formatHead(sample), ['\r\n']]
  if (kind === 'unverified') {
    if (unverifiedLines.length < count) unverifiedLines = signLines(sample, count)
    return [formatHead(sample), unverifiedLines]
  }
  if (!team) return [formatHead(sample), signLines(sample, count)]
  const first = Math.floor(Math.random() * 2 ** 40)
  const lines = signLines(sample, count, (n) => team.tokenOf(first + n))
  return [formatHead(sample, [ACCESS_TOKEN_HEADER]), lines]
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const { cpu } = await nextMessage<{ cpu: NodeJS.CpuUsage }>(server)
  return cpu.user + cpu.system
}
