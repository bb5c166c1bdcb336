import type { CertificateHeaderSyntax } from './certificate-headers.ts'
import { formatHex } from './hex.ts'

const UNSAFE = /[^\x20-\x7e]/u
const UNSAFE_RUN = /[^\x20-\x7e]+/gu
const PAIR_OR_UNSAFE_RUN = /\\.|[^\x20-\x7e]+/gsu
const utf8 = new TextEncoder()

/**
 * Writes a value in printable ASCII, so that the edge signs the same text that the origin reads.
 *
 * workerd sends a header value as UTF-8, Node returns it as latin1, and `Headers.set` throws for a CR, LF or NUL. In a
 * distinguished name every such character becomes RFC 4514 pairs (`Zoë` → `Zo\C3\AB`), which the origin's parser
 * undoes. In every other value it becomes OpenSSL's `\xC3\xAB`, for people to read.
 *
 * @param value - Cloudflare's text
 * @param syntax - the syntax of the header's value
 * @returns the text in the characters U+0020 to U+007E, without leading or trailing spaces
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-2.4 RFC 4514, section 2.4}
 * @example
 * ```ts
 * encodeHeaderValue('CN=Zoë', 'dn') // 'CN=Zo\\C3\\AB'
 * encodeHeaderValue('/CN=Zoë', 'legacy-dn') // '/CN=Zo\\xC3\\xAB'
 * ```
 */
export function encodeHeaderValue(value: string, syntax: CertificateHeaderSyntax): string {
  // Fast path: nearly every value can be sent unchanged.
  if (!UNSAFE.test(value) && !value.startsWith(' ') && !value.endsWith(' ')) return value
  if (syntax === 'dn') return trimDistinguishedName(escapeDistinguishedName(value))
  return value.replace(UNSAFE_RUN, (run) => escapeBytes(run, '\\x')).trim()
}

/**
 * A backslash before an unsafe character is not a pair of RFC 4514. Kept, it would escape the backslash of the next
 * pair and turn a malformed name into another, well-formed one. Written as `\x` it stays malformed.
 */
function escapeDistinguishedName(dn: string): string {
  return dn.replace(PAIR_OR_UNSAFE_RUN, (run) => {
    if (!UNSAFE.test(run)) return run
    return run.startsWith('\\') ? escapeBytes(run.slice(1), '\\x') : escapeBytes(run, '\\')
  })
}

function escapeBytes(text: string, prefix: string): string {
  return formatHex(utf8.encode(text), prefix)
}

/**
 * HTTP drops the spaces around a field value. In `CN=a\ ` the last space belongs to the name. Without it, the remaining
 * backslash would make the whole name malformed, so the space is sent as `\20`.
 */
function trimDistinguishedName(dn: string): string {
  const trimmed = dn.trim()
  if (dn.trimStart().length === trimmed.length) return trimmed
  let backslashes = 0
  while (trimmed[trimmed.length - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1 ? `${trimmed}20` : trimmed
}
