import type { AccessCertificate } from './access-claims.ts'
import { readCertificateFields } from './certificate-fields.ts'
import { readClientHandshake } from './client-handshake.ts'
import type { ClientRequest } from './client-request.ts'
import { DEV_ACCESS_HEADER, type DevAccessTokens } from './dev-access.ts'
import { buildCfHeader, buildEdgeHeaders, COLO, COUNTRY } from './edge-headers.ts'
import { headerValues, type RawHeaders } from './hop-by-hop.ts'
import { RefusedByEdge } from './refused-by-edge.ts'
import { buildTlsClientAuth, type EdgeKnowledge, type FullTlsClientAuth } from './tls-client-auth.ts'

/** A request as the Worker is to see it. */
export interface WorkerRequest {
  readonly method: string
  /** In absolute form (RFC 9112, section 3.2.2), path and query as the client wrote them. */
  readonly target: string
  readonly headers: string[]
}

/** What the edge adds to requests. */
export interface EdgeState extends EdgeKnowledge {
  readonly tokens: DevAccessTokens
}

const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** What `node:http` agrees to write into a request line. */
const TARGET = /^\/[\x21-\xff]*$/

/**
 * Does what Cloudflare does before the Worker runs: reads the client's certificate, admits by Access, adds headers.
 *
 * @throws RefusedByEdge when there is nothing to run the Worker with
 */
export async function buildWorkerRequest(request: ClientRequest, ray: string, edge: EdgeState): Promise<WorkerRequest> {
  const { method, target, headers, socket, protocol } = request
  const authority = readAuthority(headers)
  if (!TARGET.test(target)) {
    throw new RefusedByEdge(400, 'CSN_DEV_REQUEST_MALFORMED', 'The request target must be a path')
  }
  const handshake = readClientHandshake(socket)
  const tlsClientAuth = buildTlsClientAuth(handshake, edge)
  const cf = {
    colo: COLO,
    country: COUNTRY,
    httpProtocol: protocol,
    tlsVersion: socket.getProtocol() ?? '',
    tlsCipher: socket.getCipher()?.standardName ?? '',
    tlsClientAuth,
  }
  const clientIp = socket.remoteAddress ?? ''
  const certificate = handshake && certificateForAccess(tlsClientAuth, handshake.leaf.raw)
  const accessToken = await edge.tokens.tokenFor(chosenAccess(headers), certificate)
  const built = buildEdgeHeaders(headers, { ray, clientIp, accessToken })
  return { method, target: `https://${authority}${target}`, headers: [...built, ...buildCfHeader(cf)] }
}

function readAuthority(headers: RawHeaders): string {
  const hosts = headerValues(headers, 'host')
  const authority = hosts[0] ?? ''
  if (hosts.length === 1 && AUTHORITY.test(authority)) return authority
  throw new RefusedByEdge(400, 'CSN_DEV_REQUEST_MALFORMED', 'The request needs one Host header')
}

function chosenAccess(headers: RawHeaders): string | undefined {
  const lines = headerValues(headers, DEV_ACCESS_HEADER)
  return lines.length > 0 ? lines.join(', ') : undefined
}

/** Access admits by certificate only a client whose certificate is verified and not revoked. */
export function certificateForAccess(auth: FullTlsClientAuth, der: Uint8Array): AccessCertificate | undefined {
  if (auth.certVerified !== 'SUCCESS' || auth.certRevoked !== '0') return undefined
  return describeForAccess(auth, der)
}

/** What an Access token says of a certificate. */
export function describeForAccess(auth: FullTlsClientAuth, der: Uint8Array): AccessCertificate {
  const commonName = readCertificateFields(der)
    .subject.flat()
    .findLast(({ type }) => type === 'CN')?.value
  return { ...auth, commonName: typeof commonName === 'string' ? commonName : '' }
}
