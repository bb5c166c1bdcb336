import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { runCommand } from '../../src/cli/run-command.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** The result of a command. */
export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in this process. That takes milliseconds, where a child process takes half a second. */
export async function runHere(...args: string[]): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' }
  const keep = (stream: 'stdout' | 'stderr') =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += text
      return true
    })
  const kept = [keep('stdout'), keep('stderr')]
  try {
    return { code: await runCommand(args), ...written }
  } finally {
    for (const stream of kept) stream.mockRestore()
  }
}

/** Runs `countersign` as a child process, in a working directory. */
export async function runCountersign(cwd: string, ...args: string[]): Promise<CommandResult> {
  const child = spawnCountersign(cwd, args)
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await closed
  return { code, stdout, stderr }
}

/** Runs `countersign` for a reader that leaves before the first output, such as `head -0`. */
export async function runUnread(cwd: string, ...args: string[]): Promise<Omit<CommandResult, 'stdout'>> {
  const child = spawnCountersign(cwd, args)
  child.stdout.destroy()
  const closed = once(child, 'close')
  const stderr = await text(child.stderr)
  const [code] = await closed
  return { code, stderr }
}

/** A running `countersign dev`. */
export interface RunningDev {
  /** Every line of standard output so far. */
  readonly lines: readonly string[]
  /** The first line that matches, now or later. */
  line(pattern: RegExp): Promise<string>
  /** The first line of standard error that matches, now or later. */
  progress(pattern: RegExp): Promise<string>
  /** Stops to read its output. Returns the exit code, once it ends. */
  leave(): Promise<number | null>
  /** Sends Ctrl+C. Returns the exit code. */
  stop(): Promise<number | null>
}

/** Starts `countersign dev`. The ports are free ones unless the arguments set them. */
export function startCountersignDev(cwd: string, ...args: string[]): RunningDev {
  const child = spawnCountersign(cwd, ['dev', ...args])
  const closed = once(child, 'close')
  const output = watch(child, child.stdout)
  const progress = watch(child, child.stderr)
  return {
    lines: output.lines,
    line: output.find,
    progress: progress.find,
    async leave() {
      child.stdout.destroy()
      const [code] = await closed
      return code
    },
    async stop() {
      child.kill('SIGINT')
      const [code] = await closed
      return code
    },
  }
}

function spawnCountersign(cwd: string, args: readonly string[]) {
  return spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
}

function watch(child: ChildProcess, stream: NodeJS.ReadableStream) {
  const lines: string[] = []
  const reader = createInterface({ input: stream })
  reader.on('line', (line) => lines.push(line))
  const find = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find((line) => pattern.test(line))
        if (found !== undefined) resolve(found)
      }
      reader.on('line', look)
      child.once('close', () => reject(new Error(`ended without ${pattern}, but with:\n${lines.join('\n')}`)))
      look()
    })
  return { lines, find }
}
