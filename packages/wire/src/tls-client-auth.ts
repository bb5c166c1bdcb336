/**
 * Cloudflare's description of the client's certificate: `request.cf.tlsClientAuth`.
 *
 * Every field but the last two is a string, flags included (`"0"` is truthy in JavaScript). Without a certificate
 * Cloudflare sends a placeholder: `certPresented: "0"`, `certVerified: "NONE"`, and `""` for every other text. Fields are optional here
 * because a runtime that is older than a field omits it.
 *
 * @see {@link https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties Cloudflare: request.cf}
 * @example
 * ```ts
 * const isVerified = ({ certVerified, certRevoked }: TlsClientAuth) => certVerified === 'SUCCESS' && certRevoked === '0'
 * ```
 */
export interface TlsClientAuth {
  /** `"1"` if the client sent a certificate, otherwise `"0"`. */
  readonly certPresented?: string
  /** `SUCCESS`, `NONE`, `FAILED` or `FAILED:<OpenSSL's text>`. */
  readonly certVerified?: string
  /** `"1"` if a certificate of the Cloudflare-managed CA was revoked. `certVerified` is still `SUCCESS` then. */
  readonly certRevoked?: string
  /** Subject, most specific RDN first. */
  readonly certSubjectDN?: string
  /** Issuer, most specific RDN first. */
  readonly certIssuerDN?: string
  /** Subject in RFC 2253 text. */
  readonly certSubjectDNRFC2253?: string
  /** Issuer in RFC 2253 text. */
  readonly certIssuerDNRFC2253?: string
  /** Subject as `/C=US/O=Acme/CN=x`, unescaped. */
  readonly certSubjectDNLegacy?: string
  /** Issuer as `/C=US/O=Acme/CN=x`, unescaped. */
  readonly certIssuerDNLegacy?: string
  /** Serial number in upper-case hexadecimal. */
  readonly certSerial?: string
  /** Serial number of the issuer's certificate. */
  readonly certIssuerSerial?: string
  /** Subject key identifier in hexadecimal. */
  readonly certSKI?: string
  /** The issuer's subject key identifier in hexadecimal. */
  readonly certIssuerSKI?: string
  /** SHA-1 of the DER, 40 lower-case hexadecimal digits. */
  readonly certFingerprintSHA1?: string
  /** SHA-256 of the DER, 64 lower-case hexadecimal digits. */
  readonly certFingerprintSHA256?: string
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly certNotBefore?: string
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly certNotAfter?: string
  /** The leaf as `:base64 DER:` (RFC 9440). Present even if verification failed; `""` above 10 KiB. */
  readonly certRFC9440?: string
  /** The intermediates as a list of `:base64 DER:` (RFC 9440), leaf side first; `""` above 16 KiB. */
  readonly certChainRFC9440?: string
  /** Whether `certRFC9440` is empty because the certificate is larger than 10 KiB. */
  readonly certRFC9440TooLarge?: boolean
  /** Whether `certChainRFC9440` is empty because the intermediates are larger than 16 KiB. */
  readonly certChainRFC9440TooLarge?: boolean
}
