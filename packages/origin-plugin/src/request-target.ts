import type { IncomingMessage } from 'node:http'
import { type RequestTarget, splitRequestTarget } from '@countersign/wire'
import { refusalAt } from './errors.ts'
import { type RawLines, receivedLines } from './received-lines.ts'

const refuse = refusalAt('edge signature')

/** The part of a `FastifyRequest` that the plugin verifies. */
export interface ReceivedRequest {
  readonly originalUrl: string
  readonly raw: Pick<IncomingMessage, 'method' | 'httpVersionMajor' | 'headers'> & RawLines
}

/**
 * The request target as the client sent it. The edge signed this one, and not the target after a `rewriteUrl` option or
 * the host of a trusted proxy header.
 *
 * Fastify's router, `request.host` and the handlers read the `Host` header as it is spelt. So there must be one, in the
 * spelling that the edge signs. Otherwise a request that is signed for one host could take the route of another.
 *
 * The edge writes a URL in printable ASCII. The signature base becomes one byte a character, so another character would
 * be cut to a byte, and could turn into a path that was signed.
 *
 * @throws CountersignError `CSN_SIGNATURE_INVALID`
 */
export function requestTarget(request: ReceivedRequest): RequestTarget {
  const { method = '' } = request.raw
  const host = hostOf(request.raw)
  if (!isVisibleAscii(host) || !isVisibleAscii(request.originalUrl)) {
    throw refuse('CSN_SIGNATURE_INVALID', 'the request target is not printable ASCII')
  }
  const authority = withoutDefaultPort(host.toLowerCase())
  if (authority !== host) {
    throw refuse(
      'CSN_SIGNATURE_INVALID',
      `the host is spelt "${shown(host)}", and the edge spells it "${shown(authority)}"`,
    )
  }
  const { path, query } = splitRequestTarget(request.originalUrl)
  return { authority, method, path, query }
}

function isVisibleAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}

/** The edge uses https, so 443 is the default port, which `@authority` omits (RFC 9421, section 2.2.3). */
export function withoutDefaultPort(authority: string): string {
  return authority.endsWith(':443') ? authority.slice(0, -':443'.length) : authority
}

/** The one host that the request names, as it is spelt. */
function hostOf(raw: ReceivedRequest['raw']): string {
  const { httpVersionMajor, headers } = raw
  const { host } = headers
  const pseudoHeader = httpVersionMajor === 2 ? headers[':authority'] : undefined
  if (pseudoHeader !== undefined && host !== undefined && pseudoHeader !== host) {
    throw refuse('CSN_SIGNATURE_INVALID', `:authority is "${shown(pseudoHeader)}", and host is "${shown(host)}"`)
  }
  if (isRepeated('host', receivedLines(raw))) throw refuse('CSN_SIGNATURE_INVALID', 'host is repeated')
  return String(pseudoHeader ?? host ?? '')
}

/** A host name has at most 253 characters. A log line should not be longer for a wrong one. */
function shown(host: unknown): string {
  return String(host).slice(0, 100)
}

function isRepeated(name: string, lines: readonly string[]): boolean {
  let count = 0
  for (let at = 0; at < lines.length; at += 2) {
    const spelling = lines[at] as string
    if (spelling.length === name.length && spelling.toLowerCase() === name) count += 1
  }
  return count > 1
}
