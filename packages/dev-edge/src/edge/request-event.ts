import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import type { EdgeClient } from './edge-client.ts'

/** What became of one request: what a line of an access log says. */
export interface EdgeRequestEvent {
  readonly method: string
  /** Without its query, which may hold what is nobody's business. */
  readonly path: string
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string
  /** The common name in the client's certificate, or its whole subject without one; `undefined` without a certificate. */
  readonly client: string | undefined
  /** Cloudflare's `certVerified`. */
  readonly verdict: string
  /** Whether the edge knows the certificate as revoked; the verdict may be `SUCCESS` then. */
  readonly revoked: boolean
  /** The answer's; 101 for a WebSocket that has begun, `undefined` if the client left before there was one. */
  readonly status: number | undefined
  /** The `CSN_*` code of a refusal by the edge, the Worker or the origin. */
  readonly code: string | undefined
  /** Whether one side broke off before the answer had ended. */
  readonly aborted: boolean
  /** From the request's headers to the answer's end, in milliseconds; of a WebSocket to its beginning. */
  readonly durationMs: number
  /** The request's `CF-Ray`. */
  readonly ray: string
}

/** Takes an event for each request that has ended. What it throws is logged and changes nothing. */
export type RequestListener = (event: EdgeRequestEvent) => void

export function buildRequestEvent(
  { method, target, protocol }: ClientRequest,
  { status, code, ray, isBroken }: ClientAnswer,
  client: EdgeClient,
  durationMs: number,
): EdgeRequestEvent {
  return {
    method,
    path: target.split('?', 1)[0] ?? '',
    protocol,
    client: client.name,
    verdict: client.auth.certVerified,
    revoked: client.auth.certRevoked === '1',
    status,
    code,
    aborted: isBroken,
    durationMs,
    ray,
  }
}
