import { normalizeHostName, otherHostNames } from './host-name.ts'

/**
 * Returns the one spelling of a URI: scheme and host in lower case, other characters than ASCII as `%XX`, the rest as
 * it is.
 *
 * @param text - from a certificate; text without a scheme is returned as it is
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-7.4 RFC 5280, section 7.4}
 * @example
 * ```ts
 * normalizeUri('SPIFFE://Acme.example/Pay') // 'spiffe://acme.example/Pay'
 * ```
 */
export function normalizeUri(text: string): string {
  const parts = partsOf(text)
  if (!parts) return text
  const { scheme, user, host, port, rest } = parts
  const authority = host === undefined ? '' : `//${user}${normalizeHost(host)}${port}`
  return `${scheme.toLowerCase()}:${authority}${rest.replace(NOT_ASCII, encodeURIComponent)}`
}

/**
 * Reads a configured URI.
 *
 * @returns the spelling of {@link normalizeUri}
 * @throws SyntaxError if the text is not an absolute URI; the message shows the URI behind a label
 */
export function parseUri(text: string): string {
  // OpenSSL prints the label, and it would pass for a scheme.
  const labelled = /^URI:(?=[a-z][a-z0-9+.-]*:)/i.exec(text)
  if (labelled) throw new SyntaxError(`a URI with a label; write "${text.slice(4)}"`)
  if (URI.test(text) && text.isWellFormed()) return normalizeUri(text)
  throw new SyntaxError('not a URI; write it with its scheme, such as "spiffe://acme.example/pay"')
}

/**
 * Returns other spellings of a URI, for which an operator may have written a pattern: its host as by
 * {@link otherHostNames}, and the characters in place of their escapes.
 *
 * @param uri - in the spelling of {@link normalizeUri}
 */
export function otherUris(uri: string): string[] {
  const { scheme, user, host = '', port, rest } = partsOf(uri) ?? {}
  if (scheme === undefined) return []
  const hosts = host === '' || host.startsWith('[') ? [] : otherHostNames(host)
  const spellings = [uri, ...hosts.map((other) => `${scheme}://${user}${other}${port}${rest}`)]
  return [...spellings.slice(1), ...spellings.map(decodeCharacters).filter((text) => !spellings.includes(text))]
}

/** Escapes that are not UTF-8 stay as they are. */
function decodeCharacters(uri: string): string {
  try {
    return decodeURI(uri)
  } catch {
    return uri
  }
}

/**
 * Returns a coarse form of a URI, after every normalisation of RFC 5280, section 7.4: dot segments, escapes of plain
 * characters, the default port and an empty path. Equal forms are a reason for doubt: the certificate has another
 * text.
 *
 * @param uri - in the spelling of {@link normalizeUri}
 */
export function foldUri(uri: string): string {
  const parts = partsOf(uri)
  if (!parts) return uri
  const { scheme, user, host, port, rest } = parts
  const [, path = '', query = ''] = /^([^?#]*)(.*)$/s.exec(decodePlain(rest)) ?? []
  if (host === undefined) return `${scheme}:${path}${query}`
  const shownPort = port === ':' || port === DEFAULT_PORTS.get(scheme) ? '' : port
  const segments = removeDotSegments(path === '' ? '/' : path)
  return `${scheme}://${decodePlain(user)}${normalizeHost(decodePlain(host))}${shownPort}${segments}${query}`
}

/** Scheme, user, host, port, and path with query and fragment (RFC 3986, appendix B). */
const URI =
  /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#@\s]*@)?(\[[^\]/?#\s]*\]|[^/?#:@\s]*)(:\d*)?(?=[/?#]|$)|(?!\/\/))([^\s\p{Cc}"<>\\^`{|}]*)$/u
const NOT_ASCII = /[^\x20-\x7e]+/gu
/** The schemes that RFC 5280 names for the normalisation by scheme. */
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', ':80'],
  ['https', ':443'],
  ['ftp', ':21'],
  ['ldap', ':389'],
])

interface UriParts {
  readonly scheme: string
  readonly user: string
  /** `undefined` for a URI without `//`. */
  readonly host: string | undefined
  readonly port: string
  readonly rest: string
}

function partsOf(uri: string): UriParts | undefined {
  const parts = URI.exec(uri)
  if (!parts) return undefined
  const [, scheme = '', user = '', host, port = '', rest = ''] = parts
  return { scheme, user, host, port, rest }
}

function normalizeHost(host: string): string {
  return host.startsWith('[') ? host.toLowerCase() : normalizeHostName(host)
}

/** Decodes the escapes of unreserved characters, and writes the others in upper case. */
function decodePlain(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const char = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(char) ? char : triplet.toUpperCase()
  })
}

/** RFC 3986, section 5.2.4. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const [at, segment] of segments.entries()) {
    if (segment === '..' && kept.length > 1) kept.pop()
    else if (segment !== '.' && segment !== '..') kept.push(segment)
    if ((segment === '.' || segment === '..') && at === segments.length - 1) kept.push('')
  }
  return kept.join('/')
}
