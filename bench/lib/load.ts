import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pinned } from './machine.ts'

/** The result of a load. */
export interface Counts {
  readonly answered: number
  /** Answers with a status of 400 or more. */
  readonly refused: number
  /** Connections, reads and writes that failed. */
  readonly failed: number
  /** Seconds. */
  readonly elapsed: number
}

/** Keep-alive connections, each with one open request. */
const CONNECTIONS = 64

/** Ends the process with a sentence on how to install wrk, if wrk is missing. Call it before anything takes time. */
export function requireWrk(): void {
  if (!spawnSync('wrk', ['--version']).error) return
  console.error('wrk is missing: install it (Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk)')
  process.exit(1)
}

/**
 * Loads a server with wrk. A load written in JavaScript would take as long for a request as the server.
 *
 * @param seconds - a whole number
 * @param head - the request line and the header lines that all requests share
 * @param lines - the own lines of each request, each with the empty line that ends the headers
 */
export async function load(port: number, seconds: number, head: string, lines: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  try {
    const [headFile, linesFile] = [join(folder, 'head'), join(folder, 'lines')]
    writeFileSync(headFile, head)
    writeFileSync(linesFile, lines.map((line) => `${line.replaceAll('\r\n', '\t')}\n`).join(''))
    return await runWrk(port, seconds, headFile, linesFile)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Requires that the server answered every request.
 *
 * A refusal is cheaper than an answer, so figures that include refusals would be wrong.
 *
 * @throws Error with the counts, otherwise
 */
export function requireAllAnswered(name: string, { answered, refused, failed }: Counts): void {
  if (refused + failed > 0 || answered === 0) {
    throw new Error(`${name}: ${answered} answers, ${refused} refusals, ${failed} failures`)
  }
}

async function runWrk(port: number, seconds: number, ...files: string[]): Promise<Counts> {
  const script = join(import.meta.dirname, 'load.lua')
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script]
  const [command, ...args] = pinned('load', ['wrk', ...options, `http://127.0.0.1:${port}/`, '--', ...files])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = await text(child.stdout)
  const counts = /^\{.*\}$/m.exec(output)
  if (!counts) throw new Error(`wrk did not print its counts: ${output}`)
  return JSON.parse(counts[0]) as Counts
}
