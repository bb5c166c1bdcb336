import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { formatVerdict } from './verdict.ts'

/** What a handshake tells of the client. */
export interface ClientHandshake {
  readonly leaf: X509Certificate
  /** The certificates behind it, as far as the client sent them or the edge knows them: each issued the one before. */
  readonly chain: readonly X509Certificate[]
  /** Cloudflare's `certVerified`. */
  readonly verdict: string
}

/** Reads a finished handshake; `undefined` when the client sent no certificate. */
export function readClientHandshake(socket: TLSSocket): ClientHandshake | undefined {
  // Only this older call tells of the certificates behind the first.
  let peer: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  if (!peer?.raw) return undefined
  const certificates: X509Certificate[] = []
  while (peer?.raw && !isSelfIssued(certificates.at(-1))) {
    certificates.push(new X509Certificate(peer.raw))
    peer = peer.issuerCertificate
  }
  const [leaf, ...chain] = certificates as [X509Certificate, ...X509Certificate[]]
  // Typed as an Error, and a code in truth.
  return { leaf, chain, verdict: formatVerdict(socket.authorizationError as unknown as string | undefined) }
}

/** Whether a certificate is a root, behind which nothing comes. */
export function isSelfIssued(certificate: X509Certificate | undefined): boolean {
  return certificate?.checkIssued(certificate) === true
}
