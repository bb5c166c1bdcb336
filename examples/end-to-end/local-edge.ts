/** The ports of the edge, of the Access team's keys, and of the server. */
const edgePort = Number(process.env['EDGE_PORT'] ?? 8443)
export const ports = { edge: edgePort, access: edgePort + 1, server: edgePort + 2 }

/** The address for browsers. */
export const edgeUrl = `https://localhost:${ports.edge}`

/** The folder in which the edge keeps its clients. */
const folder = '.countersign'

/**
 * Options of a browser that presents a client of the edge in each handshake.
 *
 * @example
 * test.use(presenting('alice'))
 */
export function presenting(client: string) {
  const path = `${folder}/clients/${client}`
  return { clientCertificates: [{ origin: edgeUrl, certPath: `${path}.pem`, keyPath: `${path}-key.pem` }] }
}
