import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import type { EdgeClient } from './edge-client.ts'

/**
 * One ended request, with the facts for a line of an access log.
 *
 * @example
 * ```ts
 * const line = ({ method, path, status, code }: EdgeRequestEvent) => `${method} ${path} ${status} ${code ?? ''}`
 * ```
 */
export interface EdgeRequestEvent {
  readonly method: string
  /** Without the query, which may contain personal data. */
  readonly path: string
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string
  /**
   * The common name in the client's certificate, or its whole subject without one. `undefined` without a certificate.
   */
  readonly client: string | undefined
  /** Cloudflare's `certVerified`. */
  readonly verdict: string
  /** Whether the edge lists the certificate as revoked. The verdict may still be `SUCCESS`. */
  readonly revoked: boolean
  /** The status of the answer. 101 for a WebSocket, and `undefined` if the client left before an answer. */
  readonly status: number | undefined
  /** The `CSN_*` code of a refusal by the edge, the Worker or the origin. */
  readonly code: string | undefined
  /** Whether the zone's cache answered in place of the origin, which has then not seen the request. */
  readonly fromCache: boolean
  /** Whether one side broke off before the end of the answer. */
  readonly aborted: boolean
  /** Milliseconds from the request's headers to the end of the answer, or to the start of a WebSocket. */
  readonly durationMs: number
  /** The request's `CF-Ray`. */
  readonly ray: string
}

/**
 * Receives an event for each ended request. An error that it throws is logged and has no other effect.
 *
 * @example
 * ```ts
 * const onRequest: RequestListener = ({ method, path, status }) => console.log(method, path, status)
 * await createDevEdge({ origin: 'http://127.0.0.1:3000', onRequest })
 * ```
 */
export type RequestListener = (event: EdgeRequestEvent) => void

export function buildRequestEvent(
  { method, target, protocol }: ClientRequest,
  { status, code, fromCache, ray, isBroken }: ClientAnswer,
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
    fromCache,
    aborted: isBroken,
    durationMs,
    ray,
  }
}
