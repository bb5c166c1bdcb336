import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pinned } from './pin.ts'

/** What came of a load. */
export interface Counts {
  readonly answered: number
  /** Answers with a status of 400 or more. */
  readonly refused: number
  /** Connections, reads and writes that failed. */
  readonly failed: number
  /** Seconds. */
  readonly elapsed: number
}

/** Keep-alive connections, one request under way on each. */
const CONNECTIONS = 64

/**
 * Loads a server with wrk: a load that is written in JavaScript takes as long for a request as the server does.
 *
 * @param head - the request line and the header lines that all requests share
 * @param lines - for each request the lines that are its own, with the empty line behind them
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

async function runWrk(port: number, seconds: number, ...files: string[]): Promise<Counts> {
  const script = join(import.meta.dirname, 'load.lua')
  const wrk = [
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '-s',
    script,
    `http://127.0.0.1:${port}/`,
    '--',
    ...files,
  ]
  const [command, ...args] = pinned('load', wrk)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.on('error', () => {
    throw new Error('wrk is not there: install it (Debian: apt-get install wrk)')
  })
  const output = await text(child.stdout)
  const counts = /^\{.*\}$/m.exec(output)
  if (!counts) throw new Error(`wrk did not end well: ${output}`)
  return JSON.parse(counts[0]) as Counts
}
