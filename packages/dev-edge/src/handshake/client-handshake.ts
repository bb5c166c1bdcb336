import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { peerCertificates } from './peer-certificates.ts'
import { formatVerdict } from './verdict.ts'

/** What a handshake tells of the client. */
export interface ClientHandshake {
  readonly leaf: X509Certificate
  /** The certificates behind it, each issued by the next, the root included if it is known. */
  readonly chain: readonly X509Certificate[]
  /** Cloudflare's `certVerified`. */
  readonly verdict: string
}

/** Reads a finished handshake; `undefined` when the client sent no certificate. */
export function readClientHandshake(socket: TLSSocket): ClientHandshake | undefined {
  const [leaf, ...chain] = peerCertificates(socket)
  if (!leaf) return undefined
  // Typed as an Error, and a code in truth.
  return { leaf, chain, verdict: formatVerdict(socket.authorizationError as unknown as string | undefined) }
}
