import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the origin received it, with its body. */
export interface RecordedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** An origin that answers every request with the recorded request, as JSON. */
export interface RecordingOrigin {
  readonly url: string
  readonly server: Server
  close(): Promise<void>
}

/** Starts an origin that records, or one with the given handler. The default port is any free one. */
export async function startOrigin(
  handler: (request: IncomingMessage, response: ServerResponse) => void = echo,
  port = 0,
): Promise<RecordingOrigin> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method, url, headers, rawHeaders } = request
  const body = Buffer.concat(chunks).toString()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, headers, rawHeaders, body }))
}
