import { constants } from 'node:crypto'
import type { TlsOptions } from 'node:tls'

/** The certificates of the edge's end of a handshake. */
export interface MutualTlsOptions {
  /** The edge's own certificate and key, in PEM. */
  readonly cert: string
  readonly key: string
  /** PEM of the CA whose clients the edge verifies. */
  readonly clientCa: string
}

/** Requests a client certificate and accepts every client. The edge reports the certificate to the Worker. */
export function mutualTls({ cert, key, clientCa }: MutualTlsOptions): TlsOptions {
  return {
    cert,
    key,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // A resumed session contains the client's certificate without its chain.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}
