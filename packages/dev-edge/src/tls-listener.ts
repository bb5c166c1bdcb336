import { Agent } from 'node:http'
import { createServer, type Server } from 'node:https'
import { answerAccessCerts } from './access-endpoint.ts'
import type { AccessIssuer } from './access-issuer.ts'
import { answerFailure } from './answer.ts'
import { closeable } from './close-server.ts'
import { forwardRequest, type WorkerAddress } from './forward-request.ts'
import { forwardUpgrade, responseOn } from './forward-upgrade.ts'
import { type MutualTlsOptions, mutualTls } from './mutual-tls.ts'
import { keepPeerCertificates } from './peer-certificates.ts'
import { buildWorkerRequest, type EdgeState } from './worker-request.ts'

/** What the listener needs. */
export interface TlsListenerOptions extends MutualTlsOptions {
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
  readonly #close: () => Promise<void>
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT })

  constructor({ edge, access, worker, ...tls }: TlsListenerOptions) {
    this.server = createServer({ ...mutualTls(tls), maxHeaderSize: MAX_HEADER_SIZE })
    this.#close = closeable(this.server)
    keepPeerCertificates(this.server)
    this.server.on('request', async (request, response) => {
      if (answerAccessCerts(request, response, access)) return
      try {
        const built = await buildWorkerRequest(request, edge)
        // The client may be gone by now, and its end is not announced twice.
        if (!request.socket.destroyed) forwardRequest(request, response, built, worker, this.#agent)
      } catch (error) {
        request.resume()
        answerFailure(response, error)
      }
    })
    this.server.on('upgrade', async (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      try {
        const built = await buildWorkerRequest(request, edge)
        if (!socket.destroyed) forwardUpgrade(request, socket, head, built, worker)
      } catch (error) {
        answerFailure(responseOn(socket, request), error)
      }
    })
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await this.#close()
  }
}
