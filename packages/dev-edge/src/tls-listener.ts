import { constants } from 'node:crypto'
import { Agent, type Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import { answerAccessCerts } from './access-endpoint.ts'
import type { AccessIssuer } from './access-issuer.ts'
import { answerFailure } from './answer.ts'
import { forwardRequest, type WorkerAddress } from './forward-request.ts'
import { forwardUpgrade, responseOn } from './forward-upgrade.ts'
import { keepPeerCertificates } from './peer-certificates.ts'
import { buildWorkerRequest, type EdgeState } from './worker-request.ts'

/** What the listener needs. */
export interface TlsListenerOptions {
  /** Its own certificate and key, in PEM. */
  readonly cert: string
  readonly key: string
  /** PEM of the CA whose clients are verified. */
  readonly clientCa: string
  readonly edge: EdgeState
  readonly access: AccessIssuer
  readonly worker: WorkerAddress
}

/** Cloudflare's limit for all headers of a request together, in bytes. */
const MAX_HEADER_SIZE = 128 * 1024

/** Idle connections to workerd are closed before workerd does so (after 5 seconds), so that no request meets a closed one. */
const IDLE_TIMEOUT = 3000

/** A listener that asks for a client certificate, refuses nobody, and lets the Worker say what it saw. */
export class TlsListener {
  readonly server: Server
  readonly #upgraded = new Set<Duplex>()
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT })

  constructor({ cert, key, clientCa, edge, access, worker }: TlsListenerOptions) {
    this.server = createServer({
      cert,
      key,
      ca: clientCa,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      // A resumed session carries the client's certificate without its chain.
      secureOptions: constants.SSL_OP_NO_TICKET,
      maxHeaderSize: MAX_HEADER_SIZE,
    })
    keepPeerCertificates(this.server)
    this.server.on('request', async (request, response) => {
      if (answerAccessCerts(request, response, access)) return
      try {
        forwardRequest(request, response, await buildWorkerRequest(request, edge), worker, this.#agent)
      } catch (error) {
        request.resume()
        answerFailure(response, error)
      }
    })
    this.server.on('upgrade', async (request, socket, head) => {
      this.#track(socket)
      try {
        forwardUpgrade(request, socket, head, await buildWorkerRequest(request, edge), worker)
      } catch (error) {
        answerFailure(responseOn(socket, request), error)
      }
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy()
    this.#agent.destroy()
    await closeServer(this.server)
  }

  #track(socket: Duplex): void {
    this.#upgraded.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#upgraded.delete(socket))
  }
}

/** Stops listening and cuts what is still open. */
export async function closeServer(server: Server | HttpServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
