import type { X509Certificate } from 'node:crypto'
import type { HeaderSourceName } from '@countersign/origin-plugin'
import { DEV_ACCESS_HEADER, type DevAccess, type DevAccessTokens, resolveDevAccess } from '../access/dev-access.ts'
import { RefusedByEdge } from '../errors.ts'
import type { EdgeKnowledge } from '../handshake/build-tls-client-auth.ts'
import { headerValues, type RawHeaders } from '../net/raw-headers.ts'
import type { WorkerLease } from '../workerd/running-worker.ts'
import type { ClientRequest } from './client-request.ts'
import type { EdgeClient } from './edge-client.ts'
import { buildCfHeader, buildEdgeHeaders, COLO, COUNTRY } from './edge-headers.ts'
import { transformHeaders } from './transform-headers.ts'

/** A request in the form that workerd takes, or the zone's cache for a zone without a Worker. */
export interface WorkerRequest {
  readonly method: string
  /**
   * For workerd in absolute form (RFC 9112, section 3.2.2), for the zone in origin form. Path and query are as the
   * client wrote them.
   */
  readonly target: string
  readonly headers: string[]
}

/** The server that takes requests from the edge: the Worker, or the zone's cache for a zone without a Worker. */
export interface NextHop {
  readonly origin: URL
  /** The client of the origin, for messages. */
  readonly sender: 'The Worker' | 'The edge'
  /** Call `release` of the result when the request is over. */
  lease(): WorkerLease
  /** Takes the exception behind a bare 500 of workerd; `undefined` if there was none. Absent without a Worker. */
  takeUncaught?(): Promise<string | undefined>
}

/** The facts and tokens that the edge adds to requests. */
export interface EdgeState extends EdgeKnowledge {
  /** The sender of the certificate headers. */
  readonly source: HeaderSourceName
  readonly tokens: DevAccessTokens
  /** Chooses the login of a client that sends no header of its own choice. */
  accessFor(certificate: X509Certificate | undefined): DevAccess | undefined
}

const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Characters that `node:http` accepts in a request line. */
const TARGET = /^\/[\x21-\xff]*$/

/**
 * Does Cloudflare's part before the Worker runs: admits the client by Access, and adds the facts about the client. In a
 * zone without a Worker, its rules write the facts into headers.
 *
 * @throws RefusedByEdge if the request cannot reach the Worker
 */
export async function buildWorkerRequest(
  request: ClientRequest,
  client: EdgeClient,
  ray: string,
  edge: EdgeState,
): Promise<WorkerRequest> {
  const { method, target, headers, socket, protocol } = request
  const authority = readAuthority(headers)
  if (!TARGET.test(target)) {
    throw new RefusedByEdge(400, 'CSN_DEV_REQUEST_MALFORMED', 'The request target must be a path')
  }
  const cf = {
    colo: COLO,
    country: COUNTRY,
    httpProtocol: protocol,
    tlsVersion: socket.getProtocol() ?? '',
    tlsCipher: socket.getCipher()?.standardName ?? '',
    tlsClientAuth: client.auth,
  }
  const clientIp = socket.remoteAddress ?? ''
  const access = resolveDevAccess(chosenAccess(headers), () => edge.accessFor(client.certificate))
  const accessToken = await edge.tokens.tokenFor(access, client.forAccess)
  const built = buildEdgeHeaders(headers, { ray, clientIp, accessToken })
  if (edge.source !== 'worker') {
    return { method, target, headers: transformHeaders(built, edge.source, client.auth) }
  }
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
