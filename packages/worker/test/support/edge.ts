import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type RawAnswer, readAnswer } from '@countersign/test-support/raw-http'
import {
  type RecordedRequest,
  type RecordingOrigin,
  startRecordingOrigin,
} from '@countersign/test-support/recording-origin'
import { build } from 'esbuild'
import { Miniflare, type WorkerOptions } from 'miniflare'
import { vi } from 'vitest'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const CORRELATION_HEADER = 'test-id'

/** In this header workerd tells the origin the `cf` of the Worker's `fetch()`, with its wishes for the cache. */
export const CF_OF_FETCH = 'test-fetch-cf'

/** A Worker of the edge: the package's own, or a source of the test. */
export interface WorkerUnderTest {
  readonly bindings?: Readonly<Record<string, unknown>>
  /** Bindings with a `fetch()`: the name of another Worker of this edge, or a server. */
  readonly services?: WorkerOptions['serviceBindings']
  /** TypeScript; may import `@countersign/worker`. */
  readonly source?: string
  readonly compatibilityDate?: string
}

/** A request that is written byte for byte. Text is one character per byte. */
export interface ClientMessage {
  /** The Worker to send to. The default is the first one. */
  readonly worker?: string
  readonly method?: string
  readonly authority?: string
  /** Path and query of the request line. */
  readonly target?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** `request.cf`. By default there is none. */
  readonly cf?: unknown
  readonly body?: Uint8Array
}

/** The client's answer, and the request that the origin recorded, if any. */
export interface Exchange {
  readonly response: RawAnswer
  readonly received: RecordedRequest | undefined
  /** Waits until the Worker has logged a number of lines about this request, by default one. Returns all of them. */
  lines(least?: number): Promise<readonly string[]>
}

/** Workers in a real workerd in front of a real origin. */
export interface Edge extends AsyncDisposable {
  readonly origin: RecordingOrigin
  /** The Workers' console output. */
  readonly logs: readonly string[]
  /** Sends one request on a connection of its own and waits for the whole answer. */
  send(request?: ClientMessage): Promise<Exchange>
  /** As {@link send}, and throws if the origin received nothing. */
  forward(request?: ClientMessage): Promise<RecordedRequest>
  /** The port of a Worker, by default of the first one. Its clients must send the absolute form. */
  port(worker?: string): number
  /** Opens a connection and writes a request's head. The test writes the rest. */
  open(request?: ClientMessage): Promise<Socket>
}

/** Starts workerd with the given Workers, each on its own socket, and one origin for all of them. */
export async function startEdge(workers: Readonly<Record<string, WorkerUnderTest>>): Promise<Edge> {
  const origin = await startRecordingOrigin({ maxHeaderSize: 65_536 })
  const logs: string[] = []
  const miniflare = new Miniflare({
    handleStructuredLogs: ({ message }: { message: string }) => void logs.push(message),
    workers: await Promise.all(
      Object.entries(workers).map(async ([name, worker]) => ({
        name,
        compatibilityDate: worker.compatibilityDate ?? '2026-07-01',
        modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: await bundle(worker.source) }],
        bindings: { ...worker.bindings },
        serviceBindings: { ...worker.services },
        // `proxy` makes workerd accept the absolute form, which gives request.url the scheme and host of production.
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0, proxy: true }],
        outboundService: { external: { address: `127.0.0.1:${origin.port}`, http: { cfBlobHeader: CF_OF_FETCH } } },
      })),
    ),
  })
  const ports = new Map<string, number>()
  for (const name of Object.keys(workers)) ports.set(name, Number((await miniflare.unsafeGetDirectURL(name)).port))
  const [firstName = ''] = ports.keys()
  const port = (worker = firstName) => ports.get(worker) ?? 0
  let requests = 0

  const open = async (request: ClientMessage = {}, id = ''): Promise<Socket> => {
    const socket = connect(port(request.worker), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(requestHead(request, id), 'latin1')
    return socket
  }

  const send = async (request: ClientMessage = {}): Promise<Exchange> => {
    const id = String(++requests)
    const body = request.body ?? new Uint8Array()
    const length: [string, string][] = request.body ? [['Content-Length', String(body.length)]] : []
    const socket = await open({ ...request, headers: [...(request.headers ?? []), ...length] }, id)
    socket.write(body)
    const response = await readAnswer(socket, request.method === 'HEAD')
    return {
      response,
      received: origin.received.find((received) => received.header(CORRELATION_HEADER) === id),
      lines: (least) => linesOf(rayOf(request, id), () => logs, least),
    }
  }

  return {
    origin,
    logs,
    send,
    port,
    open: (request) => open(request),
    async forward(request) {
      const { response, received } = await send(request)
      if (!received)
        throw new Error(`the origin received no request; the client received ${response.status} ${response.body}`)
      return received
    },
    async [Symbol.asyncDispose]() {
      await miniflare.dispose()
      await origin.close()
    },
  }
}

/**
 * Waits for the lines about a request. They arrive after the answer, and maybe after the answer to a later request, so
 * they are found by the ray.
 */
export async function linesOf(ray: string, log: () => readonly string[], least = 1): Promise<readonly string[]> {
  const found = () => log().filter((line) => line.includes(`"ray":${JSON.stringify(ray)}`))
  await vi.waitUntil(() => found().length >= least, { timeout: 5_000 })
  return found()
}

/** Bundles as wrangler does: one module. Without a source, it is the package's own Worker. */
export async function bundle(source: string | undefined): Promise<string> {
  const { outputFiles } = await build({
    ...(source === undefined
      ? { entryPoints: [`${PACKAGE}src/index.ts`] }
      : { stdin: { contents: source, resolveDir: `${PACKAGE}src`, loader: 'ts' } }),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker'],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** The head of a request in absolute form. `cf` travels in the header that Miniflare has chosen for it. */
export function requestHead(request: ClientMessage, id = ''): string {
  const { method = 'GET', authority = 'app.example.com', target = '/', headers = [], cf } = request
  const lines = [
    `${method} https://${authority}${target} HTTP/1.1`,
    `Host: ${authority}`,
    `${CORRELATION_HEADER}: ${id}`,
    ...(headers.some(isRay) ? [] : [`CF-Ray: ${rayOf(request, id)}`]),
    ...(cf === undefined ? [] : [`MF-CF-Blob: ${asciiJson(cf)}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

const isRay = ([name]: readonly [name: string, value: string]) => name.toLowerCase() === 'cf-ray'

/** Cloudflare gives each request a ray, which is part of its lines in the log. */
export function rayOf({ headers = [] }: ClientMessage, id: string): string {
  return headers.find(isRay)?.[1] ?? `ray-${id}`
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
