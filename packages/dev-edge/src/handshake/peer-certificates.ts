import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, Server, TLSSocket } from 'node:tls'

/** On the socket itself: `node:http2` hands out a proxy of it, which no WeakMap would know. */
const CERTIFICATES = Symbol('certificates')

type KeptSocket = TLSSocket & { [CERTIFICATES]?: readonly X509Certificate[] }

/**
 * Makes a server keep the certificates of every client.
 *
 * Node 24.21 and 26.8 drop the first intermediate when a handshake ends
 * ({@link https://github.com/nodejs/node/issues/65579 nodejs/node#65579}), so they are read a moment before: `keylog` is
 * the one event that hands over a socket during its handshake, and Node's own listener for `secure` is already there.
 */
export function keepPeerCertificates(server: Server): void {
  server.on('keylog', (_line, socket: KeptSocket) => {
    if (socket[CERTIFICATES]) return
    socket[CERTIFICATES] = []
    socket.prependOnceListener('secure', () => {
      socket[CERTIFICATES] = readPeerCertificates(socket)
    })
  })
}

/**
 * The certificates of a client, each issued by the next: its own, then what it sent behind it, then the root if the
 * server knows it. Empty without a certificate.
 */
export function peerCertificates(socket: TLSSocket): readonly X509Certificate[] {
  return (socket as KeptSocket)[CERTIFICATES] ?? []
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
