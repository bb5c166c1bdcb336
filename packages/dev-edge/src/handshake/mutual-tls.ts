import { constants } from 'node:crypto'
import type { TlsOptions } from 'node:tls'

/** What the edge's end of a handshake needs. */
export interface MutualTlsOptions {
  /** Its own certificate and key, in PEM. */
  readonly cert: string
  readonly key: string
  /** PEM of the CA whose clients are verified. */
  readonly clientCa: string
}

/** Asks for a client certificate and refuses nobody: the Worker says what it saw. */
export function mutualTls({ cert, key, clientCa }: MutualTlsOptions): TlsOptions {
  return {
    cert,
    key,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // A resumed session carries the client's certificate without its chain.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}
