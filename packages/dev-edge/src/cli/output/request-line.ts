import type { EdgeRequestEvent } from '../../edge/request-event.ts'
import { style } from './print.ts'

/** Whatever a terminal would obey instead of showing it. */
const INVISIBLE = /\p{C}/gu

/**
 * A line of an access log for one request that has ended.
 *
 * @example
 * ```ts
 * formatRequestLine(event) // '401 CSN_CERT_MISSING  GET /me  no certificate  NONE  4 ms'
 * ```
 */
export function formatRequestLine(event: EdgeRequestEvent): string {
  const { method, path, client, verdict, revoked, status, code, aborted, durationMs } = event
  const answer = status === undefined ? 'no answer' : [status, ...(code ? [code] : [])].join(' ')
  const words = [
    style(status !== undefined && status < 400 ? 'green' : 'red', shown(answer)),
    shown(`${method} ${path}`),
    shown(client ?? 'no certificate'),
    revoked ? `${verdict}, revoked` : verdict,
    `${Math.round(durationMs)} ms`,
  ]
  return (aborted ? [...words, 'broken off'] : words).join('  ')
}

function shown(text: string): string {
  return text.replace(INVISIBLE, '\uFFFD')
}
