import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'

/** Whether a process can get its own core. */
export const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0

/** `measured` is the core of the measured process, `load` the core of wrk and of everything else. */
export type Core = 'measured' | 'load'

const NUMBERS: Readonly<Record<Core, string>> = { measured: '0', load: '1' }

/** Pins a command to one core. Returns it unchanged on a machine that cannot pin. */
export function pinned(core: Core, command: readonly string[]): [file: string, ...args: string[]] {
  const all = canPin ? ['taskset', '-c', NUMBERS[core], ...command] : command
  return all as [string, ...string[]]
}

/** Calls Node's `fork()` with the new process pinned to one core. */
export function forkPinned(
  core: Core,
  module: string,
  args: readonly string[],
  flags: readonly string[] = [],
): ChildProcess {
  const [execPath, ...execArgv] = pinned(core, [process.execPath, ...flags])
  return fork(module, args, { execPath, execArgv })
}

/**
 * Waits for the next message of a forked process.
 *
 * @throws Error when the process ends before
 */
export async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a measured process has ended with code ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message as Message
  } finally {
    ended.catch(() => {})
    settled.abort()
  }
}

const LATENCY = '/dev/cpu_dma_latency'

/**
 * Keeps idle processors awake for the life of the process, if the system allows it.
 *
 * A server slower than its load lets the load's processor sleep. Each answer then pays for waking it, so slow
 * contenders would look even slower.
 *
 * @returns whether the system allowed it
 * @see {@link https://docs.kernel.org/power/pm_qos_interface.html Linux: PM quality of service}
 */
export function keepAwake(): { readonly awake: boolean; readonly release: () => void } {
  try {
    const file = openSync(LATENCY, 'w')
    // A latency of 0 µs, as a 32-bit integer. The kernel applies it while the file is open.
    writeSync(file, new Uint8Array(4))
    return { awake: true, release: () => closeSync(file) }
  } catch {
    return { awake: false, release: () => {} }
  }
}

/** The use that other processes make of the machine before a run. */
export interface MachineState {
  /** The load average of the last minute. */
  readonly load: number
  /** A sentence that warns of other processes. Absent on a quiet machine. */
  readonly warning?: string
}

/** The largest load average of a quiet machine. */
const QUIET_LOAD = 0.5
/** The largest number of cores that are not idle on a quiet machine. */
const QUIET_CORES = 0.2
const SAMPLED_MS = 2_000

/**
 * Measures for two seconds how busy the machine is, and prints one line about it.
 *
 * The load average alone lags by a minute, and a sample of two seconds alone misses work that pauses. Either of them
 * over its limit gives the warning. Call it before the run starts any process.
 */
export async function checkMachine(): Promise<MachineState> {
  const cores = cpus().length
  const before = { idle: idleMilliseconds(), at: performance.now() }
  await setTimeout(SAMPLED_MS)
  // Time stolen by other virtual machines is not idle time: it counts as use.
  const idleCores = (idleMilliseconds() - before.idle) / (performance.now() - before.at)
  const inUse = Math.max(0, cores - idleCores)
  const [load = 0] = loadavg()
  const state = `load ${load.toFixed(1)} on ${cores} cores, ${inUse.toFixed(1)} of them in use`
  if (load <= QUIET_LOAD && inUse <= QUIET_CORES) {
    console.log(`The machine is quiet (${state}).`)
    return { load }
  }
  const warning = `The machine is busy (${state}): do not believe these figures.`
  console.log(warning)
  return { load, warning }
}

const idleMilliseconds = () => cpus().reduce((sum, { times }) => sum + times.idle, 0)

/** Processors and Node, for the published pages. */
export const describeMachine = () => `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`
