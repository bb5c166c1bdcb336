import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerOptions } from 'node:http'
import { type LocalServer, startServer } from './local-server.ts'

/** A request as the origin received it. */
export interface RecordedRequest {
  readonly method: string
  /** The target of the request line. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Names and values alternate. Repeated lines and the case of names are kept. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /**
   * The value of a header, `undefined` without such a line.
   *
   * @param name - in lower case
   * @throws {Error} If the header has several lines.
   */
  header(name: string): string | undefined
  /** All header names, in lower case. */
  headerNames(): string[]
}

/** A recorded request as the origin's answer contains it. */
export interface EchoedRequest extends Pick<RecordedRequest, 'method' | 'url' | 'headers' | 'rawHeaders'> {
  readonly body: string
}

/** An origin that records every request and answers with it: the JSON of an {@link EchoedRequest}. */
export interface RecordingOrigin extends LocalServer {
  readonly received: readonly RecordedRequest[]
  /** Answers requests for this target with the handler from now on. Such a request is not recorded. */
  route(target: string, handler: RequestListener): void
}

/** Starts an origin that records. */
export async function startRecordingOrigin(
  options?: ServerOptions & { readonly port?: number },
): Promise<RecordingOrigin> {
  const received: RecordedRequest[] = []
  const routes = new Map<string, RequestListener>()
  const server = await startServer(async (request, response) => {
    const handler = routes.get(request.url ?? '')
    if (handler) return handler(request, response)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const recorded = recordRequest(request, Buffer.concat(chunks))
    received.push(recorded)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...recorded, body: recorded.body.toString() }))
  }, options)
  return { ...server, received, route: (target, handler) => void routes.set(target, handler) }
}

/** Describes a request whose body was read. */
export function recordRequest(request: IncomingMessage, body: Buffer): RecordedRequest {
  const { method = '', url = '', headers, rawHeaders } = request
  const values = (name: string) =>
    rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
  return {
    method,
    url,
    headers: headers as IncomingHttpHeaders & Record<string, string | undefined>,
    rawHeaders,
    body,
    header(name) {
      const [value, ...repeats] = values(name)
      if (repeats.length > 0) throw new Error(`${name} has ${repeats.length + 1} lines`)
      return value
    },
    headerNames: () => rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()),
  }
}
