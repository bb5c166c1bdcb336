import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import { headerPairs, type RawHeaders } from '../net/raw-headers.ts'
import { buildAnswerHeaders, createRay } from './edge-headers.ts'

/** The answer to one request, whichever version of HTTP carries it. */
export abstract class ClientAnswer {
  /** The request's `CF-Ray`, which the answer bears too. */
  readonly ray: string = createRay()
  /** `undefined` until it has begun. */
  status: number | undefined
  /** The `CSN_*` code of a refusal, when it is known. */
  code: string | undefined
  readonly #over = Promise.withResolvers<void>()

  /** Where the body goes. */
  abstract readonly body: Writable

  /** Whether the client is gone, or was cut off. */
  abstract readonly isBroken: boolean

  /**
   * Sends the head at once, before there is a body.
   *
   * @throws Error if this version of HTTP has no form for these headers
   */
  begin(status: number, reason: string, headers: RawHeaders): void {
    this.writeHead(status, reason, buildAnswerHeaders(headers, this.ray))
    this.status = status
  }

  protected abstract writeHead(status: number, reason: string, headers: RawHeaders): void

  /** Resolves when the answer has ended in whatever way, or the connection has become another protocol's. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  protected endWith(body: Writable): void {
    body.once('close', () => this.#over.resolve())
  }

  /** The connection is no longer HTTP's: its answer has been written to the socket. */
  switchProtocols(): void {
    this.status = 101
    this.#over.resolve()
  }

  /** Cuts an answer off, so that the client does not take it for a whole one. */
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

  /** Node ends a stream that the client resets, so that it looks finished. */
  get isBroken(): boolean {
    return this.body.aborted || this.body.rstCode !== constants.NGHTTP2_NO_ERROR
  }

  protected writeHead(status: number, _reason: string, headers: RawHeaders): void {
    const head: Record<string, string[]> = Object.create(null)
    for (const [name, value] of headerPairs(headers)) {
      const lower = name.toLowerCase()
      head[lower] = [...(head[lower] ?? []), value]
    }
    // Node's own response, which sends no trailers, ends the stream. Otherwise the end would go out even when it is cut.
    this.body.respond({ ...head, ':status': status }, { waitForTrailers: true })
  }

  cut(): void {
    if (!this.body.writableEnded) this.body.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}
