import type { X509Certificate } from 'node:crypto'
import type { SubjectAltNames } from './x509/certificate-names.ts'
import type { DistinguishedName } from './x509/distinguished-name.ts'
import type { KeyPurpose } from './x509/extensions/extended-key-usage.ts'

/**
 * The certificate of a CA in a verified certification path.
 *
 * @example
 * ```ts
 * app.get('/chain', (request) => clientCertOf(request).chain?.map(({ subject }: ChainCert) => String(subject)) ?? [])
 * ```
 */
export interface ChainCert {
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Upper-case hexadecimal without leading zeros, as {@link ClientCert.serialNumber}. */
  readonly serialNumber: string
  /** SHA-256 of the DER, `AB:CD:…`. */
  readonly fingerprint256: string
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly validFrom: string
  readonly validFromDate: Date
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly validTo: string
  readonly validToDate: Date
  /** Subject key identifier in upper-case hexadecimal, if the certificate has one. */
  readonly keyId: string | undefined
  /** The certificate itself. Each read parses it again, as {@link ClientCert.x509}. */
  readonly x509: X509Certificate
}

/**
 * The client's certificate as Cloudflare verified it. The edge signature proves that it came through the edge. With
 * `edge: null` nothing proves that.
 *
 * Names and formats are those of Node's own {@link X509Certificate}.
 *
 * @example
 * ```ts
 * app.get('/me', (request) => {
 *   const { subject, issuer, fingerprint256 } = clientCertOf(request)
 *   return { name: subject.CN, by: issuer.O, fingerprint256 }
 * })
 * ```
 */
export interface ClientCert {
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /**
   * Upper-case hexadecimal without leading zeros, as `X509Certificate#serialNumber`. Unique for one issuer only. A
   * negative number, which a CA must not issue, has a minus sign, and a requirement on it is undecided.
   */
  readonly serialNumber: string
  /** SHA-1 of the DER, `AB:CD:…`. For display: decide on {@link ClientCert.fingerprint256}. */
  readonly fingerprint: string
  /** SHA-256 of the DER, `AB:CD:…`. */
  readonly fingerprint256: string
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly validFrom: string
  readonly validFromDate: Date
  /** `Dec 22 19:39:00 2018 GMT` */
  readonly validTo: string
  readonly validToDate: Date
  /** Subject key identifier in upper-case hexadecimal, if the certificate has one. */
  readonly keyId: string | undefined
  /**
   * The issuer's subject key identifier in upper-case hexadecimal, if it is known. With the source `rfc9440` it is the
   * authority key identifier of the certificate.
   */
  readonly issuerKeyId: string | undefined
  /** `true`: a certificate that Cloudflare did not verify never becomes a `ClientCert`. */
  readonly verified: true
  /** Cloudflare's verdict in the Worker's spelling: `SUCCESS`, with every source. */
  readonly verification: string
  /** `false`: a revoked certificate never becomes a `ClientCert`. */
  readonly revoked: false
  /**
   * The certificate itself, if it came along (`Client-Cert`, RFC 9440). Each read parses it again, because
   * requests share a `ClientCert` and an `X509Certificate` can be changed.
   */
  readonly x509: X509Certificate | undefined
  /**
   * The verified certification path: the CA that issued this certificate first, and the root of `trustedIssuers` last.
   * `undefined` if no trusted issuer has `chain`, or if this certificate is trusted by another entry.
   */
  readonly chain: readonly ChainCert[] | undefined
  /** `DNS:a.example, email:b@example`, as `X509Certificate#subjectAltName`. Needs {@link ClientCert.x509}. */
  readonly subjectAltName: string | undefined
  /** The subject alternative names by kind. Needs {@link ClientCert.x509}. */
  readonly subjectAltNames: SubjectAltNames | undefined
  /**
   * The SPIFFE ID, `spiffe://acme.example/ns/prod`, if the certificate is a valid X.509-SVID of a workload. The trust
   * domain is the CA's claim, as all names are. Needs {@link ClientCert.x509}.
   */
  readonly spiffeId: string | undefined
  /**
   * SHA-256 of the public key (SubjectPublicKeyInfo) in base64, as in RFC 7469. A renewed certificate with the same key
   * keeps it. Needs {@link ClientCert.x509}.
   */
  readonly spki256: string | undefined
  /**
   * The purposes of the key: names of RFC 5280, and the OIDs of others. Empty if the certificate has no extended key
   * usages, so that its key may serve every purpose. `undefined` if they cannot be read. Needs {@link ClientCert.x509}.
   */
  readonly extendedKeyUsage: readonly KeyPurpose[] | undefined
  /**
   * The certificate headers as received, by name in lower case: `x-cert-serial` of the Worker, `cf-cert-serial` of the
   * managed transform. A Worker of a later release may have signed more of them than this release knows. Those decide
   * nothing.
   */
  readonly raw: Readonly<Record<string, string>>
}

/**
 * A request of any server, with any logger and type provider.
 *
 * @example
 * ```ts
 * const nameOf = (request: CertifiedRequest) => request.clientCert?.subject.CN ?? 'anonymous'
 * ```
 */
export interface CertifiedRequest {
  readonly clientCert: ClientCert | null
}

/** Names a certificate in the reason of a refusal, with the subject at the end because a long reason is cut there. */
export function describeCert({
  serialNumber,
  fingerprint256,
  subject,
}: Pick<ClientCert, 'serialNumber' | 'fingerprint256' | 'subject'>): string {
  return `serial number ${serialNumber}, SHA-256 ${fingerprint256.replaceAll(':', '')}, subject ${subject}`
}

/**
 * Returns the request's certificate on a route that requires one, without the `null` of the type.
 *
 * @throws TypeError on a public route, where the plugin verifies no certificate, on an optional one if the client
 *   presented none, in report mode if the client did not prove one, on a route that the plugin does not guard, and for
 *   another value than the request of Fastify
 * @example
 * ```ts
 * app.get('/me', (request) => clientCertOf(request).subject.CN)
 * ```
 */
export function clientCertOf(request: CertifiedRequest): ClientCert {
  if (request?.clientCert) return request.clientCert
  requireRequest(request, 'clientCert', 'clientCertOf(request)')
  throw new TypeError(
    request.clientCert === null
      ? 'clientCertOf() must not be called without a verified certificate: the route is public or optional, or in report mode; remove clientCert: false or optional(…), enforce the route, or read request.clientCert, which can be null'
      : 'clientCertOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
  )
}

/**
 * Requires the request of Fastify. The reply, the socket of a WebSocket and `request.raw` are at hand in a handler too.
 *
 * @param property - the property that the plugin adds to a request. A value of a unit test can have it alone
 * @param call - the call as it must be written
 * @throws TypeError with this call
 */
export function requireRequest(given: unknown, property: 'clientCert' | 'clientUser', call: string): void {
  const isObject = typeof given === 'object' && given !== null
  // A reply has no `params`, and Node's request has no `raw`.
  if (isObject && (property in given || ('raw' in given && 'params' in given))) return
  throw new TypeError(`${call.slice(0, call.indexOf('('))}() must get the request of Fastify; write ${call}`)
}
