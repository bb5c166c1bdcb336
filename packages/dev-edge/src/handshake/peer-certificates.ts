import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, Server, TLSSocket } from 'node:tls'

/**
 * The key of a property of the socket itself. `node:http2` hands out a proxy of the socket, which a WeakMap would not
 * recognise.
 */
const CERTIFICATES = Symbol('certificates')

type KeptSocket = TLSSocket & { [CERTIFICATES]?: readonly X509Certificate[] }

/**
 * Makes a server keep the certificates of every client.
 *
 * Node 24.21 and 26.8 drop the first intermediate when a handshake ends
 * ({@link https://github.com/nodejs/node/issues/65579 nodejs/node#65579}), so the certificates are read a moment
 * before. `keylog` is the only event with the socket during its handshake, and at that time Node has already added its
 * own listener for `secure`.
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
 * Returns the certificates of a client, each issued by the next: its own, the intermediates that it sent, and the root
 * if the server knows it. Empty without a certificate.
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

/** Whether a certificate is a root, which ends the path. */
export function isSelfIssued(certificate: X509Certificate | undefined): boolean {
  return certificate?.checkIssued(certificate) === true
}
