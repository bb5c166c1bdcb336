import { isIP } from 'node:net'
import { domainToASCII, domainToUnicode } from 'node:url'

/**
 * Returns the one spelling of a host name: lower case, an internationalised label as its A-label (`xn--…`), and no dot
 * at the end.
 *
 * @param text - from a certificate or a token; text that is not a host name is returned in lower case
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-7.2 RFC 5280, section 7.2}
 * @example
 * ```ts
 * normalizeHostName('Bücher.Example.') // 'xn--bcher-kva.example'
 * ```
 */
export function normalizeHostName(text: string): string {
  // Node's function also decodes %XX and writes 0x7f.1 as an address. Only what is not ASCII needs it.
  const ascii = isAscii(text) ? text : domainToASCII(text) || text
  return ascii.toLowerCase().replace(/\.$/, '')
}

/**
 * Returns other spellings of a host name, for which an operator may have written a pattern: with a dot at the end, and
 * with U-labels.
 *
 * @param host - in the spelling of {@link normalizeHostName}
 * @example
 * ```ts
 * otherHostNames('xn--bcher-kva.example') // ['bücher.example', 'xn--bcher-kva.example.', 'bücher.example.']
 * ```
 */
export function otherHostNames(host: string): string[] {
  const unicode = host.includes('xn--') ? domainToUnicode(host) : ''
  return unicode === '' || unicode === host ? [`${host}.`] : [unicode, `${host}.`, `${unicode}.`]
}

/**
 * Reads a configured host name.
 *
 * @returns the spelling of {@link normalizeHostName}
 * @throws SyntaxError if the text is not a host name; the message shows the name inside a URL
 */
export function parseHostName(text: string): string {
  const host = normalizeHostName(text)
  if (isIP(host)) throw new SyntaxError('an IP address; write it as san.ip')
  if (isHostName(host)) return host
  const inner = INSIDE.exec(text)?.[1]
  const advice = inner && isHostName(normalizeHostName(inner)) ? `"${inner}"` : 'a name such as "pay.acme.example"'
  throw new SyntaxError(`not a host name; write ${advice}`)
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const isHostName = (text: string) => HOST_NAME.test(text) && text.length <= 253

/** A URL, a host with a port, or OpenSSL's label `DNS:` before the name. */
const INSIDE = /^(?:DNS:|[A-Za-z][A-Za-z0-9+.-]*:\/\/)?([^/?#:@]+)(?::\d+)?(?:[/?#].*)?$/i

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text)
