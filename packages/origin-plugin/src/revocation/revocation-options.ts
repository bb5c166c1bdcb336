import type { X509Certificate } from 'node:crypto'
import { checkChoice, checkKnown, checkNumber, checkObject, checkSet, isUrl, optionNames } from '../lib/check-option.ts'
import { quoteUrl } from '../lib/quote-value.ts'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { allowsKeyUsage, KEY_USAGE_BITS } from '../x509/extensions/key-usage.ts'

/**
 * A path, a URL with `file:`, `http:` or `https:`, or a function that returns the bytes. The function gets a signal, which
 * aborts after 60 seconds. Pass it on: while 8 calls have not ended after that, the function is not called again.
 */
export type CrlSource = string | URL | ((signal: AbortSignal) => Uint8Array | Promise<Uint8Array>)

/**
 * Options for the revocation list of a trusted issuer. Cloudflare checks no list for a CA that you bring.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5 RFC 5280, section 5}
 * @example
 * ```ts
 * const revocation: RevocationOptions = { crl: 'http://ca.acme.example/client.crl', refresh: 600, onStale: 'refuse' }
 * ```
 */
export interface RevocationOptions {
  /**
   * The source of the CRL, in DER or PEM: a file's path, a `file:` or `http(s):` URL as text or `URL`, or a function that
   * returns the bytes, and gets a signal that aborts after 60 seconds. Of a PEM file with the lists of several CAs, the list that this CA signed counts.
   */
  readonly crl: CrlSource
  /**
   * Seconds between two loads in the background. From 1 to 604,800 (a week), default 3600. A load comes earlier before
   * the list's `nextUpdate`, and after a load that failed.
   */
  readonly refresh?: number
  /**
   * The reaction without a current list: before the first load, and after `nextUpdate`. `refuse` (the default) answers
   * `CSN_REVOCATION_UNAVAILABLE`, and a first load that fails stops the start of the server. `accept` uses the last
   * list, or none, and logs it.
   */
  readonly onStale?: 'refuse' | 'accept'
  /**
   * The largest length of the source in bytes. From 1,024 to 268,435,456 (256 MiB), default 4,194,304 (4 MiB), which has
   * room for 100,000 certificates.
   */
  readonly maxBytes?: number
  /**
   * The URL of the distribution point that the list states, if the list covers every client certificate of this CA.
   * Without it, such a list covers only certificates that name the same distribution point themselves.
   */
  readonly distributionPoint?: string
}

/** The option `revocation`, checked and with its defaults. */
export interface ResolvedRevocation {
  readonly crl: CrlSource
  readonly refresh: number
  readonly onStale: 'refuse' | 'accept'
  readonly maxBytes: number
  readonly distributionPoint: string | undefined
  /** Whether a list of CA certificates alone is of use, because other CAs stand below this one. The default is `false`. */
  readonly acceptsCaList?: boolean
}

const DEFAULT_REFRESH = 3600
const WEEK = 7 * 24 * 3600
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
/** Room for seven million entries. A CA of that size needs delta lists or OCSP instead. */
const LARGEST_MAX_BYTES = 256 * 1024 * 1024

const OPTIONS = optionNames<keyof RevocationOptions>({
  crl: true,
  refresh: true,
  onStale: true,
  maxBytes: true,
  distributionPoint: true,
})

/**
 * Checks the option `revocation` of a trusted issuer.
 *
 * @param ca - the CA's certificate
 * @throws TypeError whose message states the correction
 */
export function checkRevocation(revocation: unknown, ca: X509Certificate): ResolvedRevocation {
  const resolved = checkRevocationOptions(revocation)
  // RFC 5280, section 6.3.3 (f).
  if (!allowsKeyUsage(readCertificateParts(ca.raw), KEY_USAGE_BITS.CRL_SIGN)) {
    throw new TypeError(
      'ca must not sign revocation lists: its key usage lacks cRLSign; let the CA be issued with cRLSign, or remove revocation',
    )
  }
  return resolved
}

/**
 * Checks the option `revocation` of a trusted issuer whose certificate is not known yet.
 *
 * @throws TypeError whose message states the correction
 */
export function checkRevocationOptions(revocation: unknown): ResolvedRevocation {
  const given = checkObject(revocation, 'revocation', 'revocation: { crl: "/path/ca.crl" }, or a URL')
  checkSet(given, ['crl'], 'revocation')
  checkKnown(given, OPTIONS, 'revocation')
  const { crl, refresh = DEFAULT_REFRESH, onStale = 'refuse', maxBytes = DEFAULT_MAX_BYTES } = given
  return {
    crl: checkSource(crl),
    refresh: checkNumber(refresh, 1, WEEK, 'seconds', 'revocation.refresh'),
    onStale: checkChoice(onStale, ['refuse', 'accept'] as const, 'revocation.onStale'),
    maxBytes: checkNumber(maxBytes, 1024, LARGEST_MAX_BYTES, 'bytes', 'revocation.maxBytes'),
    distributionPoint: checkDistributionPoint(given.distributionPoint),
  }
}

const PROTOCOLS = ['file:', 'http:', 'https:']

/** An environment file can leave them in its values. No path or URL begins or ends so. */
const QUOTED = /^[\s"']|[\s"']$/

function checkSource(crl: unknown): CrlSource {
  if (typeof crl === 'function') return crl as CrlSource
  if (typeof crl === 'string' && crl.includes('-----BEGIN')) {
    throw new TypeError(
      'revocation.crl is the list itself; write its path or URL, or a function that returns the bytes',
    )
  }
  if (typeof crl === 'string' && QUOTED.test(crl)) {
    throw new TypeError('revocation.crl must be a path or a URL without spaces or quotes around it; remove them')
  }
  if (!isUrl(crl) && typeof crl === 'string' && crl !== '') return crl
  const url = isUrl(crl) && URL.canParse(String(crl)) ? new URL(String(crl)) : undefined
  if (!url || !PROTOCOLS.includes(url.protocol)) {
    throw new TypeError('revocation.crl must be a path, a file: or http(s): URL, or a function that returns the bytes')
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      'revocation.crl must be a URL without credentials; write a function that fetches the bytes with them',
    )
  }
  return url
}

function checkDistributionPoint(point: unknown): string | undefined {
  if (point === undefined || (typeof point === 'string' && URL.canParse(point))) return point
  throw new TypeError(
    'revocation.distributionPoint must be the list\'s distribution point, a URL such as "http://ca.example/ca.crl"',
  )
}

/** The source in an error or a log line. A query can contain a token. */
export function describeSource(crl: CrlSource): string {
  if (typeof crl === 'function') return 'the function revocation.crl'
  if (typeof crl === 'string') return crl
  return crl.protocol === 'file:' ? crl.pathname : quoteUrl(crl)
}
