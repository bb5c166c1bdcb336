import type { CertificateHeaderSyntax } from './certificate-headers.ts'
import { formatHex } from './hex.ts'

const UNSAFE = /[^\x20-\x7e]/u
const UNSAFE_RUN = /[^\x20-\x7e]+/gu
const PAIR_OR_UNSAFE_RUN = /\\.|[^\x20-\x7e]+/gsu
const utf8 = new TextEncoder()

/**
 * Writes a value in printable ASCII, so that the edge signs exactly what the origin reads.
 *
 * workerd sends a header value as UTF-8 and Node hands it over as latin1, and a CR, LF or NUL makes `Headers.set`
 * throw. In a distinguished name every such character becomes RFC 4514 pairs (`Zoë` → `Zo\C3\AB`), which the origin's
 * parser undoes; anywhere else it becomes OpenSSL's `\xC3\xAB`, for people to read.
 *
 * @param value - the text as Cloudflare gave it
 * @param syntax - the form of the header's value
 * @returns the text in the characters U+0020 to U+007E, without leading or trailing spaces
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-2.4 RFC 4514, section 2.4}
 */
export function encodeHeaderValue(value: string, syntax: CertificateHeaderSyntax): string {
  // Nearly every value, of which none needs to be made anew.
  if (!UNSAFE.test(value) && !value.startsWith(' ') && !value.endsWith(' ')) return value
  if (syntax === 'dn') return trimDistinguishedName(escapeDistinguishedName(value))
  return value.replace(UNSAFE_RUN, (run) => escapeBytes(run, '\\x')).trim()
}

/**
 * A backslash before an unsafe character is no pair of RFC 4514. Left standing it would swallow the backslash of the
 * pair behind it, and a malformed name would arrive as a well-formed other one; as `\x` it stays malformed.
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
 * HTTP drops the spaces around a field value. In `CN=a\ ` the last one belongs to the name, and without it the
 * backslash that stays behind would make the whole name malformed: it travels as `\20`.
 */
function trimDistinguishedName(dn: string): string {
  const trimmed = dn.trim()
  if (dn.trimStart().length === trimmed.length) return trimmed
  let backslashes = 0
  while (trimmed[trimmed.length - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1 ? `${trimmed}20` : trimmed
}
