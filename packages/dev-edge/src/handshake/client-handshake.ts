import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { peerCertificates } from './peer-certificates.ts'
import { formatVerdict } from './verdict.ts'

/** The result of a handshake with a client certificate. */
export interface ClientHandshake {
  readonly leaf: X509Certificate
  /** The certificates after the leaf, each issued by the next. Includes the root if the edge knows it. */
  readonly chain: readonly X509Certificate[]
  /** Cloudflare's `certVerified`. */
  readonly verdict: string
}

/** Reads a finished handshake. Returns `undefined` if the client sent no certificate. */
export function readClientHandshake(socket: TLSSocket): ClientHandshake | undefined {
  const [leaf, ...chain] = peerCertificates(socket)
  if (!leaf) return undefined
  // The type is Error, but Node sets a code.
  return { leaf, chain, verdict: formatVerdict(socket.authorizationError as unknown as string | undefined) }
}
