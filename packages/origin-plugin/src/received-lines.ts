import type { IncomingMessage } from 'node:http'

/** The part of a raw request that has its header lines. */
export interface RawLines extends Pick<IncomingMessage, 'headers'> {
  /** Names and values in turn. Node fills it for each request on a socket. */
  readonly rawHeaders?: readonly string[] | undefined
  readonly socket?: unknown
}

/**
 * The header lines of a request as the client sent them: names and values in turn.
 *
 * `injectWS()` of `@fastify/websocket` makes a request without them, and without a socket. Its lines are the entries of
 * `headers`, which the caller wrote.
 *
 * Attack: a server that joins repeated lines, and passes no others on, would hide a forged line next to the real one. A
 * request with a socket and without raw lines is therefore not read at all.
 *
 * @throws TypeError for such a request
 */
export function receivedLines(raw: RawLines): readonly string[] {
  if (raw.rawHeaders !== undefined) return raw.rawHeaders
  if (raw.socket !== undefined) {
    throw new TypeError(
      "request.raw.rawHeaders is missing; pass Node's own request to Fastify, which has the header lines as the client sent them",
    )
  }
  return Object.entries(raw.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((line) => [name, String(line)]),
  )
}
