import type { CertificateHeaderSyntax } from './certificate-headers.ts'

const UNSAFE = /[^\x20-\x7e]/u
const UNSAFE_RUN = /[^\x20-\x7e]+/gu
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
  const ascii = UNSAFE.test(value)
    ? value.replace(UNSAFE_RUN, (run) => escapeBytes(run, syntax === 'dn' ? '\\' : '\\x'))
    : value
  return syntax === 'dn' ? trimDistinguishedName(ascii) : ascii.trim()
}

function escapeBytes(text: string, prefix: string): string {
  let escaped = ''
  for (const byte of utf8.encode(text)) {
    escaped += prefix + byte.toString(16).toUpperCase().padStart(2, '0')
  }
  return escaped
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
