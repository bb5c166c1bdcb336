import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { headerLines } from '@countersign/test-support/wire-request'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { pinned } from '../lib/machine.ts'
import type { Sample } from '../lib/sample.ts'

const { default: WORKERD, version } = createRequire(import.meta.url)('workerd') as { default: string; version: string }

export { version as WORKERD_VERSION }

/** The date in wrangler.jsonc. */
const COMPATIBILITY_DATE = '2026-07-01'
/** `USER_HZ` of Linux: the unit of the times in /proc. */
const TICKS_PER_SECOND = 100
/** workerd reads `request.cf` from this header, and removes the header. */
const CF_BLOB_HEADER = 'cf-blob'

/** A Worker in its own workerd. */
export interface Workerd {
  readonly port: number
  /** The CPU time of the process in microseconds, all threads. */
  cpu(): number
  stop(): void
}

/** Starts one Worker on the measured core. It fetches from the upstream. */
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

/**
 * Rebuilds the sample's request as it reached the Worker.
 *
 * It has no certificate headers. Cloudflare's data on the certificate is in `request.cf`.
 */
export function requestBeforeWorker(sample: Sample): Sample {
  const lines = headerLines(sample)
  const written = new Map(lines.map(([name, value]) => [name.toLowerCase(), value]))
  const tlsClientAuth = Object.fromEntries(
    CERTIFICATE_HEADERS.map(({ name, field }) => [field, written.get(name) ?? '']),
  )
  const cf = { colo: 'DEV', country: 'US', httpProtocol: 'HTTP/2', tlsVersion: 'TLSv1.3', tlsClientAuth }
  const kept = lines.filter(([name]) => !CERTIFICATE_HEADERS.some((header) => header.name === name.toLowerCase()))
  return { ...sample, headers: [...kept.flat(), CF_BLOB_HEADER, JSON.stringify(cf)] }
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

/** workerd writes its port to the control descriptor, in one line of JSON. */
async function listening(child: ChildProcess): Promise<number> {
  const control = child.stdio[3] as NodeJS.ReadableStream
  const ended = once(child, 'exit').then(() => {
    throw new Error('workerd has ended before it listened')
  })
  const [line] = await Promise.race([once(control, 'data'), ended])
  ended.catch(() => {})
  return JSON.parse(String(line)).port
}

function cpuOf({ pid }: ChildProcess): number {
  // The name in parentheses can contain spaces. utime and stime are fields 14 and 15 of the line.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
}
