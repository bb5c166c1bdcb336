import { type ChildProcess, fork, spawnSync } from 'node:child_process'

/** Whether a process can be given a core to itself. */
export const canPin = spawnSync('taskset', ['--version']).status === 0

/** The core of what is measured, and the one of the load and of everything else. */
export type Core = 'measured' | 'load'

const NUMBERS: Readonly<Record<Core, string>> = { measured: '0', load: '1' }

/** A command on one core, where that can be arranged; else as it is. */
export function pinned(core: Core, command: readonly string[]): [file: string, ...args: string[]] {
  const all = canPin ? ['taskset', '-c', NUMBERS[core], ...command] : command
  return all as [string, ...string[]]
}

/** As Node's `fork()`, on one core. */
export function forkPinned(
  core: Core,
  module: string,
  args: readonly string[],
  flags: readonly string[] = [],
): ChildProcess {
  const [execPath, ...execArgv] = pinned(core, [process.execPath, ...flags])
  return fork(module, args, { execPath, execArgv })
}
