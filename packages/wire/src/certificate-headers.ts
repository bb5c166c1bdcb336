import type { TlsClientAuth } from './tls-client-auth.ts'

/**
 * The syntax of a header's value. It decides the escaping at the edge and the parser at the origin.
 *
 * @example
 * ```ts
 * const isName = (syntax: CertificateHeaderSyntax) => syntax === 'dn' || syntax === 'legacy-dn'
 * ```
 */
export type CertificateHeaderSyntax =
  /** `0` or `1` */
  | 'flag'
  /** `SUCCESS`, `NONE`, `FAILED`, `FAILED:<text>` */
  | 'verdict'
  /** a distinguished name in RFC 2253 / RFC 4514 text */
  | 'dn'
  /** OpenSSL's one-line `/C=US/CN=x`. It is ambiguous, so it is carried and never parsed */
  | 'legacy-dn'
  /** hexadecimal digits, with or without colons */
  | 'hex'
  /** `Dec 22 19:39:00 2018 GMT` */
  | 'date'
  /** a Structured Fields byte sequence, or a list of them (RFC 9440) */
  | 'rfc9440'

/**
 * One header of the certificate family: its name on the wire, and the source of its value.
 *
 * @example
 * ```ts
 * const fields = (headers: readonly CertificateHeader[]) => headers.map(({ name, field }) => `${name}: ${field}`)
 * ```
 */
export interface CertificateHeader {
  /** The field name in lower case, as `node:http` and the Fetch API spell it. */
  readonly name: string
  /** The field of `request.cf.tlsClientAuth` that fills it. */
  readonly field: keyof TlsClientAuth
  /** The syntax of its value. */
  readonly syntax: CertificateHeaderSyntax
  /**
   * `always`: every request carries it. `presented`: a request with a certificate carries it. `chosen`: the Worker's
   * `forwardCert` option decides.
   */
  readonly when: 'always' | 'presented' | 'chosen'
}

/**
 * Every certificate header, in the order in which the signature covers them.
 *
 * This table is the wire contract. The Worker writes these headers, and the signature base follows their order. A new
 * row goes to the end, with a name that {@link isLaterHeader} accepts: an origin of an earlier release then carries it,
 * and refuses every other header of the family. The legacy names (`-l`) serve old code behind the origin. They never
 * decide anything.
 *
 * @see {@link https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties Cloudflare: request.cf}
 * @example
 * ```ts
 * CERTIFICATE_HEADERS.find(({ field }) => field === 'certSerial')?.name // 'x-cert-serial'
 * ```
 */
export const CERTIFICATE_HEADERS = [
  { name: 'x-cert-presented', field: 'certPresented', syntax: 'flag', when: 'always' },
  { name: 'x-cert-verify', field: 'certVerified', syntax: 'verdict', when: 'always' },
  { name: 'x-cert-revoked', field: 'certRevoked', syntax: 'flag', when: 'always' },
  { name: 'x-cert-subject-dn', field: 'certSubjectDN', syntax: 'dn', when: 'presented' },
  { name: 'x-cert-issuer-dn', field: 'certIssuerDN', syntax: 'dn', when: 'presented' },
  { name: 'x-cert-subject-dn-2253', field: 'certSubjectDNRFC2253', syntax: 'dn', when: 'presented' },
  { name: 'x-cert-issuer-dn-2253', field: 'certIssuerDNRFC2253', syntax: 'dn', when: 'presented' },
  { name: 'x-cert-subject-dn-l', field: 'certSubjectDNLegacy', syntax: 'legacy-dn', when: 'presented' },
  { name: 'x-cert-issuer-dn-l', field: 'certIssuerDNLegacy', syntax: 'legacy-dn', when: 'presented' },
  { name: 'x-cert-serial', field: 'certSerial', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-issuer-serial', field: 'certIssuerSerial', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-ski', field: 'certSKI', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-issuer-ski', field: 'certIssuerSKI', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-finger', field: 'certFingerprintSHA1', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-finger-256', field: 'certFingerprintSHA256', syntax: 'hex', when: 'presented' },
  { name: 'x-cert-notbe', field: 'certNotBefore', syntax: 'date', when: 'presented' },
  { name: 'x-cert-notaf', field: 'certNotAfter', syntax: 'date', when: 'presented' },
  { name: 'client-cert', field: 'certRFC9440', syntax: 'rfc9440', when: 'chosen' },
  { name: 'client-cert-chain', field: 'certChainRFC9440', syntax: 'rfc9440', when: 'chosen' },
  { name: 'x-cert-too-large', field: 'certRFC9440TooLarge', syntax: 'flag', when: 'chosen' },
  { name: 'x-cert-chain-too-large', field: 'certChainRFC9440TooLarge', syntax: 'flag', when: 'chosen' },
] as const
// On a line of its own: `isolatedDeclarations` does not accept `as const satisfies`.
CERTIFICATE_HEADERS satisfies readonly CertificateHeader[]

/**
 * The name of a certificate header, in lower case. A mistyped name does not compile.
 *
 * @example
 * ```ts
 * const verdict: CertificateHeaderName = 'x-cert-verify'
 * ```
 */
export type CertificateHeaderName = (typeof CERTIFICATE_HEADERS)[number]['name']

/**
 * One header of Cloudflare's managed transform.
 *
 * @example
 * ```ts
 * const header: CfCertHeader = { name: 'cf-cert-verified', field: 'certVerified' }
 * ```
 */
export interface CfCertHeader {
  /** The field name in lower case. */
  readonly name: string
  /** The field of `request.cf.tlsClientAuth` with the same content. Its flags are `true` and `false` here. */
  readonly field: CertificateHeader['field']
}

/**
 * The headers of Cloudflare's managed transform "Add TLS client auth headers", for an origin without a Worker. It sends
 * no certificate.
 *
 * Cloudflare overwrites the client's own header of such a name, and removes it where the value is empty.
 *
 * @see {@link https://developers.cloudflare.com/rules/transform/managed-transforms/reference/#add-tls-client-auth-headers Cloudflare: managed transforms}
 * @example
 * ```ts
 * CF_CERT_HEADERS.find(({ field }) => field === 'certVerified')?.name // 'cf-cert-verified'
 * ```
 */
export const CF_CERT_HEADERS = [
  { name: 'cf-cert-presented', field: 'certPresented' },
  { name: 'cf-cert-verified', field: 'certVerified' },
  { name: 'cf-cert-revoked', field: 'certRevoked' },
  { name: 'cf-cert-subject-dn', field: 'certSubjectDN' },
  { name: 'cf-cert-issuer-dn', field: 'certIssuerDN' },
  { name: 'cf-cert-subject-dn-rfc2253', field: 'certSubjectDNRFC2253' },
  { name: 'cf-cert-issuer-dn-rfc2253', field: 'certIssuerDNRFC2253' },
  { name: 'cf-cert-subject-dn-legacy', field: 'certSubjectDNLegacy' },
  { name: 'cf-cert-issuer-dn-legacy', field: 'certIssuerDNLegacy' },
  { name: 'cf-cert-serial', field: 'certSerial' },
  { name: 'cf-cert-issuer-serial', field: 'certIssuerSerial' },
  { name: 'cf-cert-ski', field: 'certSKI' },
  { name: 'cf-cert-issuer-ski', field: 'certIssuerSKI' },
  { name: 'cf-cert-sha1', field: 'certFingerprintSHA1' },
  { name: 'cf-cert-sha256', field: 'certFingerprintSHA256' },
  { name: 'cf-cert-not-before', field: 'certNotBefore' },
  { name: 'cf-cert-not-after', field: 'certNotAfter' },
] as const
CF_CERT_HEADERS satisfies readonly CfCertHeader[]

/**
 * A signature covers at most so many headers of a later release.
 *
 * @example
 * ```ts
 * const isTooMany = (later: readonly string[]) => later.length > MAX_LATER_HEADERS
 * ```
 */
export const MAX_LATER_HEADERS = 16

const LATER_NAME = /^x-cert-[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_LATER_NAME = 64
const KNOWN_NAMES: ReadonlySet<string> = new Set(CERTIFICATE_HEADERS.map(({ name }) => name))

/**
 * Whether a later release may have appended a row with this name to {@link CERTIFICATE_HEADERS}. Such a header decides
 * nothing here, and must not be believed before a signature that covers it is verified.
 *
 * Attack: a server behind the origin folds a name with another separator into one of the table. Single hyphens and
 * lower case leave a name as it is.
 *
 * @param name - a field name in lower case
 * @example
 * ```ts
 * isLaterHeader('x-cert-tls-version') // true, until the table has it
 * isLaterHeader('x-cert-verify')      // false, it is in the table
 * isLaterHeader('x_cert-verify')      // false
 * ```
 */
export function isLaterHeader(name: string): boolean {
  return name.length <= MAX_LATER_NAME && LATER_NAME.test(name) && !KNOWN_NAMES.has(name)
}

const FAMILY_PREFIXES = ['x-cert-', 'client-cert', 'cf-cert-', 'cf-client-cert-'].map((prefix) =>
  Array.from(prefix, (letter) => letter.charCodeAt(0)),
)
const HYPHEN = 0x2d

/**
 * Whether a header name belongs to the certificate family, which only the edge may set.
 *
 * Case and separator do not matter, because servers behind the origin fold names. CGI and WSGI turn `x_cert_subject_dn`
 * and `X-CERT-SUBJECT-DN` into one variable, and some servers fold every character that is not a letter. So a name that
 * only folds into the family is as dangerous as a name that is in it.
 *
 * @param name - a field name in any case
 * @example
 * ```ts
 * isCertificateFamily('X_Cert-Subject_DN') // true
 * isCertificateFamily('x-certainly')       // false
 * ```
 */
export function isCertificateFamily(name: string): boolean {
  for (const prefix of FAMILY_PREFIXES) if (foldsInto(name, prefix)) return true
  return false
}

/** Whether a name begins with a prefix, for a reader that ignores case and the kind of separator. */
function foldsInto(name: string, prefix: readonly number[]): boolean {
  for (let at = 0; at < prefix.length; at += 1) {
    // Compares codes, because this runs for every header of every request. Nearly every name differs in its first or
    // second letter.
    const code = name.charCodeAt(at)
    const agrees = prefix[at] === HYPHEN ? isSeparator(code) : (code | 0x20) === prefix[at]
    if (!agrees) return false
  }
  return true
}

/**
 * Whether a code is neither a letter nor a digit. After the end of the name the code is NaN, which is not a separator.
 */
function isSeparator(code: number): boolean {
  const lower = code | 0x20
  return code >= 0 && !(lower >= 0x61 && lower <= 0x7a) && !(code >= 0x30 && code <= 0x39)
}
