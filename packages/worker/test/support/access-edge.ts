import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RawAnswer, readAnswer } from '@countersign/test-support/raw-http'
import { type RecordingOrigin, startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { bundle, type ClientMessage, type Exchange, linesOf, rayOf, requestHead } from './edge.ts'

/** A Worker of this edge. */
export interface AccessWorker {
  readonly bindings?: Readonly<Record<string, string>>
  readonly source?: string
}

/** Workers in a workerd that fills `ctx.access`, in front of an origin. */
export interface AccessEdge extends AsyncDisposable {
  readonly origin: RecordingOrigin
  /** Sends a request. Access has admitted it to the application `audience`, or has not seen it. */
  send(request: ClientMessage & { readonly audience?: string }): Promise<RawAnswer & Pick<Exchange, 'lines'>>
}

/** From this header workerd fills `ctx.access`. Cloudflare fills it from no header. */
const ACCESS_HEADER = 'Test-Access'

// Miniflare 4 comes with a workerd that cannot fill `ctx.access`. Wrangler brings a later one.
const requireFromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'))
const { default: WORKERD } = requireFromWrangler('workerd') as { default: string }

/** Starts the Workers in one process, without Miniflare. */
export async function startAccessEdge(workers: Readonly<Record<string, AccessWorker>>): Promise<AccessEdge> {
  const origin = await startRecordingOrigin({ maxHeaderSize: 65_536 })
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  for (const [name, { source }] of Object.entries(workers)) {
    await writeFile(join(folder, `${name}.js`), await bundle(source))
  }
  await writeFile(join(folder, 'config.capnp'), formatConfig(workers, origin.port))
  const workerd = spawn(WORKERD, ['serve', '--experimental', '--control-fd=3', join(folder, 'config.capnp')], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [workerd.stdout, workerd.stderr]) {
    stream?.on('data', (data) => {
      output += data
    })
  }
  const ports = await listening(workerd, Object.keys(workers).length).catch((error) => {
    throw new Error(`workerd does not start: ${output}`, { cause: error })
  })
  const [first = ''] = ports.keys()
  /** The lines of JSON in the output of the process. */
  const logged = () => [...output.matchAll(/\{"level".*\}/g)].map(([line]) => line)
  let requests = 0
  return {
    origin,
    async send({ audience, ...request }) {
      const access = audience === undefined ? [] : [[ACCESS_HEADER, JSON.stringify({ app_aud: audience })] as const]
      const socket = connect(ports.get(request.worker ?? first) ?? 0, '127.0.0.1')
      await once(socket, 'connect')
      const id = String(++requests)
      socket.write(requestHead({ ...request, headers: [...(request.headers ?? []), ...access] }, id), 'latin1')
      const answer = await readAnswer(socket)
      return Object.assign(answer, { lines: (least?: number) => linesOf(rayOf(request, id), logged, least) })
    },
    async [Symbol.asyncDispose]() {
      const ended = once(workerd, 'exit')
      workerd.kill()
      await ended
      await Promise.all([origin.close(), rm(folder, { recursive: true })])
    },
  }
}

function formatConfig(workers: Readonly<Record<string, AccessWorker>>, originPort: number): string {
  const services = Object.entries(workers).map(([name, { bindings = {} }]) => {
    const texts = Object.entries(bindings).map(([key, text]) => `(name = "${key}", text = ${JSON.stringify(text)})`)
    return `(name = "${name}", worker = (
      modules = [(name = "${name}.js", esModule = embed "${name}.js")],
      bindings = [${texts.join(', ')}],
      globalOutbound = "origin",
      compatibilityDate = "2026-07-01",
      accessBlobHeader = "${ACCESS_HEADER}",
    ))`
  })
  const sockets = Object.keys(workers).map(
    (name) =>
      `(name = "${name}", address = "127.0.0.1:0", http = (style = proxy, cfBlobHeader = "MF-CF-Blob"), service = "${name}")`,
  )
  const external = `(name = "origin", external = (address = "127.0.0.1:${originPort}", http = ()))`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${[external, ...services].join(', ')}],
  sockets = [${sockets.join(', ')}],
);
`
}

/** workerd writes each socket with its port to the control descriptor, one line of JSON each. */
async function listening(workerd: ChildProcess, sockets: number): Promise<Map<string, number>> {
  const ports = new Map<string, number>()
  let text = ''
  for await (const data of workerd.stdio[3] as NodeJS.ReadableStream) {
    text += data
    for (const line of text.split('\n').slice(0, -1)) {
      const { socket, port } = JSON.parse(line) as { socket: string; port: number }
      ports.set(socket, port)
    }
    if (ports.size === sockets) return ports
  }
  throw new Error('workerd has ended before it listened')
}
