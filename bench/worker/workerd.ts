import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pinned } from '../pin.ts'
import { CF_BLOB_HEADER } from './incoming.ts'

const { default: WORKERD, version } = createRequire(import.meta.url)('workerd') as { default: string; version: string }

export { version as WORKERD_VERSION }

/** That of wrangler.jsonc. */
const COMPATIBILITY_DATE = '2026-07-01'
/** `USER_HZ` of Linux: the unit of the times in /proc. */
const TICKS_PER_SECOND = 100

/** A Worker in a workerd of its own. */
export interface Workerd {
  readonly port: number
  /** Microseconds of CPU time that the process has used, all threads. */
  cpu(): number
  stop(): void
}

/** Starts one Worker on the first core, before an upstream. */
export async function startWorkerd(
  module: string,
  bindings: Readonly<Record<string, string>>,
  upstreamPort: number,
): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  writeFileSync(join(folder, 'worker.js'), module)
  writeFileSync(join(folder, 'config.capnp'), formatConfig(bindings, upstreamPort))
  const command = [WORKERD, 'serve', '--control-fd=3', join(folder, 'config.capnp')]
  const [file, ...parameters] = pinned('measured', command)
  const child = spawn(file, parameters, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  const stop = () => void child.kill()
  process.once('exit', stop)
  try {
    return { port: await listening(child), cpu: () => cpuOf(child), stop }
  } catch (error) {
    stop()
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function formatConfig(bindings: Readonly<Record<string, string>>, upstreamPort: number): string {
  const texts = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "upstream", external = (address = "127.0.0.1:${upstreamPort}", http = ())),
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      bindings = [${texts.join(', ')}],
      globalOutbound = "upstream",
      compatibilityDate = "${COMPATIBILITY_DATE}",
    )),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "${CF_BLOB_HEADER}"), service = "worker"),
  ],
);
`
}

/** workerd says on the control descriptor, in one line of JSON, which port it was given. */
async function listening(child: ChildProcess): Promise<number> {
  const control = child.stdio[3] as NodeJS.ReadableStream
  const ended = once(child, 'exit').then(() => {
    throw new Error('workerd has ended')
  })
  const [line] = await Promise.race([once(control, 'data'), ended])
  ended.catch(() => {})
  return JSON.parse(String(line)).port
}

function cpuOf({ pid }: ChildProcess): number {
  // The name in parentheses can hold spaces; utime and stime are the 14th and 15th field of the line.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
}
