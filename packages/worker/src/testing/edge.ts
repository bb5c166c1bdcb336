import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { type Origin, type ReceivedRequest, startOrigin } from './origin.ts'
import { parseResponse, type RawResponse } from './raw-response.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const CORRELATION_HEADER = 'test-id'
const ANSWER_TIMEOUT = 4_000

/** One Worker in the edge: the package's own, or a source of the test's. */
export interface WorkerUnderTest {
  readonly bindings?: Readonly<Record<string, string>>
  /** TypeScript; may import `@countersign/worker`. */
  readonly source?: string
}

/** A request to be written byte for byte: strings are latin1, so that any byte can be said. */
export interface RawRequest {
  /** Which Worker; the first one if left out. */
  readonly worker?: string
  readonly method?: string
  readonly authority?: string
  /** What stands behind the authority in the request line. */
  readonly target?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** `request.cf`; left out, there is none. */
  readonly cf?: unknown
  readonly body?: Uint8Array
}

/** The client's answer, and the request as the origin saw it, if it saw any. */
export interface Exchange {
  readonly response: RawResponse
  readonly received: ReceivedRequest | undefined
}

/** Workers in a real workerd, before a real origin. */
export interface Edge extends AsyncDisposable {
  readonly origin: Origin
  /** Everything that the Workers wrote to the console. */
  readonly logs: readonly string[]
  /** Sends one request on a connection of its own and waits for the whole answer. */
  send(request?: RawRequest): Promise<Exchange>
  /** As {@link send}, when the origin must have got the request. */
  forward(request?: RawRequest): Promise<ReceivedRequest>
  /** Where a Worker listens, the first one if none is named: for clients that write the absolute form themselves. */
  port(worker?: string): number
  /** Opens a connection and writes a request's head on it; the rest is the test's. */
  open(request?: RawRequest): Promise<Socket>
}

/** Starts workerd with the given Workers, each on its own socket, and one origin behind them all. */
export async function startEdge(workers: Readonly<Record<string, WorkerUnderTest>>): Promise<Edge> {
  const origin = await startOrigin()
  const logs: string[] = []
  const miniflare = new Miniflare({
    handleStructuredLogs: ({ message }: { message: string }) => void logs.push(message),
    workers: await Promise.all(
      Object.entries(workers).map(async ([name, worker]) => ({
        name,
        compatibilityDate: '2026-07-01',
        modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: await bundle(worker.source) }],
        bindings: { ...worker.bindings },
        // `proxy` makes workerd take the absolute form, so that request.url has the scheme and the host of production.
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0, proxy: true }],
        outboundService: { external: { address: `127.0.0.1:${origin.port}`, http: {} } },
      })),
    ),
  })
  const ports = new Map<string, number>()
  for (const name of Object.keys(workers)) ports.set(name, Number((await miniflare.unsafeGetDirectURL(name)).port))
  const [firstName = ''] = ports.keys()
  const port = (worker = firstName) => ports.get(worker) ?? 0
  let requests = 0

  const open = async (request: RawRequest = {}, id = ''): Promise<Socket> => {
    const socket = connect(port(request.worker), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(requestHead(request, id), 'latin1')
    return socket
  }

  const send = async (request: RawRequest = {}): Promise<Exchange> => {
    const id = String(++requests)
    const body = request.body ?? new Uint8Array()
    const length: [string, string][] = request.body ? [['Content-Length', String(body.length)]] : []
    const socket = await open({ ...request, headers: [...(request.headers ?? []), ...length] }, id)
    socket.write(body)
    const response = await readResponse(socket, request.method === 'HEAD')
    return { response, received: origin.received.find((received) => received.header(CORRELATION_HEADER) === id) }
  }

  return {
    origin,
    logs,
    send,
    port,
    open: (request) => open(request),
    async forward(request) {
      const { response, received } = await send(request)
      if (!received) throw new Error(`the origin got no request; the client got ${response.status} ${response.text}`)
      return received
    },
    async [Symbol.asyncDispose]() {
      await miniflare.dispose()
      await origin.close()
    },
  }
}

/** Bundles as wrangler does: one module. */
async function bundle(source: string | undefined): Promise<string> {
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

function requestHead(request: RawRequest, id: string): string {
  const { method = 'GET', authority = 'app.example.com', target = '/', headers = [], cf } = request
  const lines = [
    `${method} https://${authority}${target} HTTP/1.1`,
    `Host: ${authority}`,
    `${CORRELATION_HEADER}: ${id}`,
    ...(cf === undefined ? [] : [`MF-CF-Blob: ${asciiJson(cf)}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Reads until the answer is whole; workerd keeps the connection whatever the client wishes. */
async function readResponse(socket: Socket, bodiless: boolean): Promise<RawResponse> {
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy(new Error('the answer stopped short')))
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk])
    const response = parseResponse(bytes, bodiless)
    if (response) return response
  }
  throw new Error(`the answer was cut off: ${bytes.toString('latin1', 0, 200)}`)
}
