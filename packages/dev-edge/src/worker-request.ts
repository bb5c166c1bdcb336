import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { AccessCertificate } from './access-claims.ts'
import { readCertificateFields } from './certificate-fields.ts'
import { readClientHandshake } from './client-handshake.ts'
import { DEV_ACCESS_HEADER, type DevAccessTokens } from './dev-access.ts'
import { buildCfHeader, buildEdgeHeaders } from './edge-headers.ts'
import { headerPairs } from './hop-by-hop.ts'
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

/**
 * Does what Cloudflare does before the Worker runs: reads the client's certificate, admits by Access, adds headers.
 *
 * @throws RefusedByEdge when there is nothing to run the Worker with
 */
export async function buildWorkerRequest(request: IncomingMessage, edge: EdgeState): Promise<WorkerRequest> {
  const { method = 'GET', url = '' } = request
  const socket = request.socket as TLSSocket
  const authority = readAuthority(request)
  if (!url.startsWith('/')) {
    throw new RefusedByEdge(400, 'CSN_DEV_REQUEST_MALFORMED', 'The request target must be a path')
  }
  const handshake = readClientHandshake(socket)
  const tlsClientAuth = buildTlsClientAuth(handshake, edge)
  const certificate = handshake && certificateForAccess(tlsClientAuth, handshake.leaf.raw)
  const accessToken = await edge.tokens.tokenFor(request.headersDistinct[DEV_ACCESS_HEADER]?.join(', '), certificate)
  const cf = {
    colo: 'DEV',
    country: 'US',
    httpProtocol: `HTTP/${request.httpVersion}`,
    tlsVersion: socket.getProtocol() ?? '',
    tlsCipher: socket.getCipher()?.standardName ?? '',
    tlsClientAuth,
  }
  const headers = buildEdgeHeaders(request.rawHeaders, { clientIp: socket.remoteAddress ?? '', accessToken })
  return { method, target: `https://${authority}${url}`, headers: [...headers, ...buildCfHeader(cf)] }
}

function readAuthority(request: IncomingMessage): string {
  const hosts = [...headerPairs(request.rawHeaders)].filter(([name]) => name.toLowerCase() === 'host')
  const authority = hosts[0]?.[1] ?? ''
  if (hosts.length === 1 && AUTHORITY.test(authority)) return authority
  throw new RefusedByEdge(400, 'CSN_DEV_REQUEST_MALFORMED', 'The request needs one Host header')
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
