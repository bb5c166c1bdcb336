import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import { headerPairs, type RawHeaders } from '../net/raw-headers.ts'
import { buildAnswerHeaders, createRay } from './edge-headers.ts'

/** The answer to one request, over HTTP/1.1 or HTTP/2. */
export abstract class ClientAnswer {
  /** The request's `CF-Ray`, which the answer repeats. */
  readonly ray: string = createRay()
  /** `undefined` until the answer begins. */
  status: number | undefined
  /** The `CSN_*` code of a refusal, once it is known. */
  code: string | undefined
  /** Whether the zone's cache answered in place of the origin. */
  fromCache = false
  readonly #over = Promise.withResolvers<void>()

  /** The stream of the body. */
  abstract readonly body: Writable

  /** Whether the client has left or was cut off. */
  abstract readonly isBroken: boolean

  /**
   * Sends the head at once, before the body exists.
   *
   * @throws Error if this version of HTTP cannot carry these headers
   */
  begin(status: number, reason: string, headers: RawHeaders): void {
    this.writeHead(status, reason, buildAnswerHeaders(headers, this.ray))
    this.status = status
  }

  protected abstract writeHead(status: number, reason: string, headers: RawHeaders): void

  /** Resolves when the answer ends in any way, or the connection switches protocols. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  protected endWith(body: Writable): void {
    body.once('close', () => this.#over.resolve())
  }

  /** Records that the connection switched protocols. Its answer was written to the socket directly. */
  switchProtocols(): void {
    this.status = 101
    this.#over.resolve()
  }

  /** Cuts the answer off, so that the client detects an incomplete answer. */
  abstract cut(): void
}

export function answerTo(response: ServerResponse | Http2ServerResponse): ClientAnswer {
  return 'stream' in response ? new Http2Answer(response.stream as ServerHttp2Stream) : new Http1Answer(response)
}

export class Http1Answer extends ClientAnswer {
  readonly body: ServerResponse

  constructor(response: ServerResponse) {
    super()
    this.body = response
    this.endWith(response)
  }

  get isBroken(): boolean {
    return this.body.destroyed && !this.body.writableFinished
  }

  protected writeHead(status: number, reason: string, headers: RawHeaders): void {
    this.body.writeHead(status, reason, [...headers])
    this.body.flushHeaders()
  }

  cut(): void {
    if (!this.body.writableEnded) this.body.destroy()
  }
}

class Http2Answer extends ClientAnswer {
  readonly body: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream) {
    super()
    this.body = stream
    this.endWith(stream)
  }

  /** Node ends a stream that the client resets, so a broken stream looks finished. */
  get isBroken(): boolean {
    return this.body.aborted || this.body.rstCode !== constants.NGHTTP2_NO_ERROR
  }

  protected writeHead(status: number, _reason: string, headers: RawHeaders): void {
    const head: Record<string, string[]> = Object.create(null)
    for (const [name, value] of headerPairs(headers)) {
      const lower = name.toLowerCase()
      head[lower] = [...(head[lower] ?? []), value]
    }
    // Holds the end of the stream back until Node's own response, which sends no trailers, ends it. Otherwise a cut
    // answer would end like a whole one.
    this.body.respond({ ...head, ':status': status }, { waitForTrailers: true })
  }

  cut(): void {
    if (!this.body.writableEnded) this.body.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}
