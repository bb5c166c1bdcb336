import type { IncomingMessage } from 'node:http'
import { type RequestTarget, splitRequestTarget } from '@countersign/wire'
import { refusalAt } from './errors.ts'

const refuse = refusalAt('edge signature')

/** The part of a `FastifyRequest` that the plugin verifies. */
export interface ReceivedRequest {
  readonly originalUrl: string
  readonly raw: Pick<IncomingMessage, 'method' | 'httpVersionMajor' | 'headers' | 'rawHeaders'>
}

/**
 * The request target as the client sent it. The edge signed this one, and not the target after a `rewriteUrl` option or
 * the host of a trusted proxy header.
 *
 * The edge writes a URL in printable ASCII. The signature base becomes one byte a character, so another character would
 * be cut to a byte, and could turn into a path that was signed.
 *
 * @throws CountersignError `CSN_SIGNATURE_INVALID`
 */
export function requestTarget(request: ReceivedRequest): RequestTarget {
  const { method = '' } = request.raw
  const authority = authorityOf(request.raw)
  if (!isVisibleAscii(authority) || !isVisibleAscii(request.originalUrl)) {
    throw refuse('CSN_SIGNATURE_INVALID', 'the request target is not printable ASCII')
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
function authorityOf({ httpVersionMajor, headers }: ReceivedRequest['raw']): string {
  const host = (httpVersionMajor === 2 ? headers[':authority'] : undefined) ?? headers.host ?? ''
  const authority = String(host).toLowerCase()
  return authority.endsWith(':443') ? authority.slice(0, -':443'.length) : authority
}
