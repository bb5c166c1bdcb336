import type { EdgeRequestEvent } from '../../edge/request-event.ts'
import { style } from './print.ts'

/** Attack: the client chooses the path, and a terminal obeys these characters. They are replaced. */
const INVISIBLE = /\p{C}/gu

/**
 * Formats a line of an access log for one ended request, with the time of day on this machine's clock.
 *
 * @example
 * ```ts
 * formatRequestLine(event, new Date()) // '12:00:00  401 CSN_CERT_MISSING  GET /me  no certificate  NONE  4 ms'
 * ```
 */
export function formatRequestLine(event: EdgeRequestEvent, endedAt: Date): string {
  const { method, path, client, verdict, revoked, status, code, fromCache, aborted, durationMs } = event
  const answer = status === undefined ? 'no answer' : [status, ...(code ? [code] : [])].join(' ')
  const words = [
    style('dim', timeOfDay(endedAt)),
    style(status !== undefined && status < 400 ? 'green' : 'red', shown(answer)),
    shown(`${method} ${path}`),
    shown(client ?? 'no certificate'),
    revoked ? `${verdict}, revoked` : verdict,
    ...(fromCache ? ['from the cache'] : []),
    `${Math.round(durationMs)} ms`,
  ]
  return (aborted ? [...words, 'broken off'] : words).join('  ')
}

/** The time of day in the zone of this machine, to find the line next to those of the origin. */
function timeOfDay(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

function shown(text: string): string {
  return text.replace(INVISIBLE, '\uFFFD')
}
