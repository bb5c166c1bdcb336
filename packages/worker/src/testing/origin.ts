import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string
  /** The target of the request line. */
  readonly url: string
  /** Names and values alternating, repeats and case kept. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** A header's value, which must have come on one line; undefined if there is none. */
  header(name: string): string | undefined
  /** All header names, in lower case. */
  headerNames(): string[]
}

/** What the origin does with a request; its body has not been read. */
export type OriginHandler = (request: IncomingMessage, response: ServerResponse) => void

/** A real HTTP server that remembers what it got. */
export interface Origin {
  readonly server: Server
  readonly port: number
  readonly received: ReceivedRequest[]
  /** Answers requests whose path is `path` from now on; other paths get an empty 200 after their body was read. */
  route(path: string, handler: OriginHandler): void
  close(): Promise<void>
}

/** Starts the origin on a free port. */
export async function startOrigin(): Promise<Origin> {
  const received: ReceivedRequest[] = []
  const routes = new Map<string, OriginHandler>()
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const handler = routes.get(request.url ?? '')
    if (handler) return handler(request, response)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push(receivedRequest(request, Buffer.concat(chunks)))
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    port: (server.address() as AddressInfo).port,
    received,
    route: (path, handler) => void routes.set(path, handler),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Describes a request whose body has been read. */
export function receivedRequest(request: IncomingMessage, body: Buffer): ReceivedRequest {
  const { method = '', url = '', rawHeaders } = request
  const values = (name: string) => rawHeaders.filter((_, at) => at % 2 === 1 && lowerName(rawHeaders, at) === name)
  return {
    method,
    url,
    rawHeaders,
    body,
    header(name) {
      const [value, ...repeats] = values(name)
      if (repeats.length > 0) throw new Error(`${name} came on ${repeats.length + 1} lines`)
      return value
    },
    headerNames: () => rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()),
  }
}

/** The name of the header whose value is at that index. */
function lowerName(rawHeaders: readonly string[], at: number): string | undefined {
  return rawHeaders[at - 1]?.toLowerCase()
}
