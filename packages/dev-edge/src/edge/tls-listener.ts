import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { AccessIssuer } from '../access/access-issuer.ts'
import { type MutualTlsOptions, mutualTls } from '../handshake/mutual-tls.ts'
import { keepPeerCertificates } from '../handshake/peer-certificates.ts'
import { closeable } from '../net/closeable.ts'
import { answerAccessCerts } from './access-endpoint.ts'
import { answerFailure } from './answer.ts'
import { answerTo, type ClientAnswer } from './client-answer.ts'
import { type ClientRequest, fromHttp1, readClientRequest } from './client-request.ts'
import { type EdgeClient, readEdgeClient } from './edge-client.ts'
import { forwardRequest } from './forward-request.ts'
import { answerOn, forwardUpgrade } from './forward-upgrade.ts'
import { ignoreUpgrade, isWebSocketHandshake } from './ignore-upgrade.ts'
import { buildRequestEvent, type RequestListener } from './request-event.ts'
import { buildWorkerRequest, type EdgeState, type NextHop } from './worker-request.ts'

/** Options of {@link TlsListener}. */
export interface TlsListenerOptions extends MutualTlsOptions {
  readonly edge: EdgeState
  readonly access: AccessIssuer
  readonly next: NextHop
  readonly onRequest?: RequestListener | undefined
  /** Receives failures that belong to no answer. */
  log(line: string): void
}

/** Cloudflare's limit for all headers of a request together, in bytes. */
const MAX_HEADER_SIZE = 128 * 1024

/** Node's own limit for HTTP/1.1. */
const MAX_HEADER_LINES = 2000

/** Cloudflare's limit for concurrent requests on one connection. */
const MAX_CONCURRENT_STREAMS = 100

/**
 * Milliseconds. workerd closes idle connections after 5 seconds. The edge closes them earlier, so that no request uses
 * a closed one.
 */
const IDLE_TIMEOUT = 3000

/** A listener that requests a client certificate, accepts every client, and reports the certificate to the next server. */
export class TlsListener {
  readonly server: Http2SecureServer
  readonly #options: TlsListenerOptions
  readonly #close: () => Promise<void>
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT })
  /** Never listens. It serves the connections of {@link ignoreUpgrade}. */
  readonly #withoutUpgrade = createServer({ maxHeaderSize: MAX_HEADER_SIZE })

  constructor(options: TlsListenerOptions) {
    this.#options = options
    this.server = createSecureServer({
      ...mutualTls(options),
      allowHTTP1: true,
      maxHeaderListPairs: MAX_HEADER_LINES,
      settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, maxHeaderListSize: MAX_HEADER_SIZE },
      // Repeated lines of an origin pass, as they do over HTTP/1.1.
      strictSingleValueFields: false,
    })
    // For HTTP/1.1. Node 22 does not accept it as an option of this server.
    Object.assign(this.server, { maxHeaderSize: MAX_HEADER_SIZE })
    this.#close = closeable(this.server)
    keepPeerCertificates(this.server)
    for (const server of [this.server, this.#withoutUpgrade]) {
      server.on('request', (request, response) => this.#handleRequest(request, response))
      server.on('upgrade', (request, socket, head) => {
        if (isWebSocketHandshake(request)) this.#handleUpgrade(request, socket, head)
        else ignoreUpgrade(request, socket, head, this.#withoutUpgrade)
      })
    }
  }

  async #handleRequest(
    incoming: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> {
    const { edge, access, next } = this.#options
    const request = readClientRequest(incoming)
    const answer = answerTo(response)
    try {
      if (answerAccessCerts(request.target, answer, access)) return
      const client = this.#identifyClient(request, answer)
      const built = await buildWorkerRequest(request, client, answer.ray, edge)
      // The client may have left during the await. Its close event does not fire again.
      if (!answer.isBroken) forwardRequest(request, answer, built, next, this.#agent)
    } catch (error) {
      request.body.resume()
      answerFailure(answer, error)
    }
  }

  async #handleUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { edge, next } = this.#options
    socket.on('error', () => socket.destroy())
    const request = fromHttp1(incoming)
    const answer = answerOn(socket, incoming)
    try {
      const client = this.#identifyClient(request, answer)
      const built = await buildWorkerRequest(request, client, answer.ray, edge)
      if (!socket.destroyed) forwardUpgrade(request, answer, socket, head, built, next)
    } catch (error) {
      answerFailure(answer, error)
    }
  }

  /** Identifies the client, and reports the request when it ends. */
  #identifyClient(request: ClientRequest, answer: ClientAnswer): EdgeClient {
    const { edge, onRequest, log } = this.#options
    const start = performance.now()
    const client = readEdgeClient(request.socket, edge)
    answer.over
      .then(() => onRequest?.(buildRequestEvent(request, answer, client, performance.now() - start)))
      .catch((error) => log(`onRequest failed: ${error}`))
    return client
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await this.#close()
  }
}
