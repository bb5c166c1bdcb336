import * as stream from 'node:stream'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { type ClientHandshake, readClientHandshake } from '../handshake/client-handshake.ts'
import { type MutualTlsOptions, mutualTls } from '../handshake/mutual-tls.ts'
import { keepPeerCertificates } from '../handshake/peer-certificates.ts'
import type { DevClient } from '../pki/dev-client.ts'

/**
 * Performs a client's handshake with the edge over a pair of streams in memory. OpenSSL verifies the certificate as on
 * a socket, and no socket is opened.
 */
export async function shakeHands(client: DevClient, tls: MutualTlsOptions): Promise<ClientHandshake | undefined> {
  const [near, far] = stream.duplexPair()
  const edgeEnd = acceptClient(far, tls)
  const clientEnd = connect({ socket: near, cert: client.cert, key: client.key, rejectUnauthorized: false })
  try {
    return await new Promise((resolve, reject) => {
      clientEnd.once('error', reject)
      edgeEnd.then((socket) => resolve(readClientHandshake(socket)), reject)
    })
  } finally {
    clientEnd.on('error', () => {}).destroy()
    far.destroy()
  }
}

function acceptClient(socket: stream.Duplex, tls: MutualTlsOptions): Promise<TLSSocket> {
  const server = createServer(mutualTls(tls))
  keepPeerCertificates(server)
  return new Promise((resolve, reject) => {
    server.once('secureConnection', (socket) => {
      // The other end closes at once.
      socket.on('error', () => {})
      resolve(socket)
    })
    server.once('tlsClientError', reject)
    server.emit('connection', socket)
  })
}
