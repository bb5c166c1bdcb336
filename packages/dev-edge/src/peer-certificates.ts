import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, Server, TLSSocket } from 'node:tls'

const certificates = new WeakMap<TLSSocket, readonly X509Certificate[]>()

/**
 * Makes a server keep the certificates of every client.
 *
 * Node 24.21 and 26.8 drop the first intermediate when a handshake ends
 * ({@link https://github.com/nodejs/node/issues/65579 nodejs/node#65579}), so they are read a moment before: `keylog` is
 * the one event that hands over a socket during its handshake, and Node's own listener for `secure` is already there.
 */
export function keepPeerCertificates(server: Server): void {
  server.on('keylog', (_line, socket) => {
    if (certificates.has(socket)) return
    certificates.set(socket, [])
    socket.prependOnceListener('secure', () => certificates.set(socket, readPeerCertificates(socket)))
  })
}

/**
 * The certificates of a client, each issued by the next: its own, then what it sent behind it, then the root if the
 * server knows it. Empty without a certificate.
 */
export function peerCertificates(socket: TLSSocket): readonly X509Certificate[] {
  return certificates.get(socket) ?? []
}

function readPeerCertificates(socket: TLSSocket): X509Certificate[] {
  const path: X509Certificate[] = []
  let peer: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (peer?.raw && !isSelfIssued(path.at(-1))) {
    path.push(new X509Certificate(peer.raw))
    peer = peer.issuerCertificate
  }
  return path
}

/** Whether a certificate is a root, behind which nothing comes. */
export function isSelfIssued(certificate: X509Certificate | undefined): boolean {
  return certificate?.checkIssued(certificate) === true
}
