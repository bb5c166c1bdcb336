import type { FastifyRequest, RawServerBase, RouteGenericInterface } from 'fastify'
import type { ClientCert } from '../client-cert.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { KeyPurpose } from '../x509/extensions/extended-key-usage.ts'

/**
 * The accepted values: exactly this text, one of these texts, or a RegExp that is anchored at both ends
 * (`/^pay-\d+$/`). Put alternatives into a group: `/^(?:a|b)$/`.
 *
 * @example
 * ```ts
 * const names: TextMatch[] = ['pay-1', ['pay-1', 'pay-2'], /^pay-\d+$/]
 * ```
 */
export type TextMatch = string | readonly string[] | RegExp

/**
 * The accepted values of an attribute. It must occur exactly once, except with `some`: then it may occur several times,
 * and at least one of its values must match.
 *
 * @example
 * ```ts
 * import type { CertificateRequirement } from '@countersign/origin-plugin'
 *
 * const requirement: CertificateRequirement = { subject: { O: 'Acme', OU: { some: ['Ops', 'Security'] } } }
 * ```
 */
export type AttributeMatch = TextMatch | { readonly some: TextMatch }

/**
 * The accepted subjects or issuers.
 *
 * A text is a whole distinguished name, most specific RDN first, and a list contains several: every RDN must be equal,
 * in order. An object names attributes, by short name in any case or by OID. Each must match as {@link AttributeMatch}
 * describes.
 *
 * A text that is most likely not the name of a certificate is an error at the start. For an unusual certificate, write
 * `DistinguishedName.parse('C=US,CN=pay-1')`, which accepts every name.
 *
 * @example
 * ```ts
 * const subject: NameMatch = { O: 'Acme', OU: ['Ops', 'Audit'] }
 * ```
 */
export type NameMatch =
  | string
  | DistinguishedName
  | readonly (string | DistinguishedName)[]
  | { readonly [attributeType: string]: AttributeMatch }

/**
 * The required alternative names: the certificate must have at least one matching name of each given kind.
 *
 * @example
 * ```ts
 * const san: SubjectAltNameMatch = { dns: /\.pay\.acme\.example$/, ip: '10.1.0.0' }
 * ```
 */
export interface SubjectAltNameMatch {
  /** Host names, in any case. */
  readonly dns?: TextMatch
  /** E-mail addresses, with the host in any case. */
  readonly email?: TextMatch
  /** URIs, with scheme and host in any case. */
  readonly uri?: TextMatch
  /** Addresses, in any spelling. */
  readonly ip?: string | readonly string[]
  /** User principal names of Active Directory, with the domain in any case. */
  readonly upn?: TextMatch
}

/**
 * The required SPIFFE ID of a workload.
 *
 * The certificate must be an X.509-SVID: with exactly one URI, which is a valid SPIFFE ID with a path, and not a CA's.
 * The texts are compared exactly, because a SPIFFE ID has one spelling.
 *
 * @see {@link https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md X509-SVID}
 * @example
 * ```ts
 * import type { CertificateRequirement } from '@countersign/origin-plugin'
 *
 * const requirement: CertificateRequirement = { spiffe: { trustDomain: 'acme.example', path: '/ns/prod' } }
 * ```
 */
export interface SpiffeMatch {
  /** One of these trust domains. The CAs of other trust domains could issue the same names: see `trustedIssuers`. */
  readonly trustDomain: string | readonly string[]
  /** One of these paths, or a path below one: `/ns/prod` covers `/ns/prod/sa/pay`, and not `/ns/production`. */
  readonly path?: string | readonly string[]
}

/**
 * The identity that Access must have admitted. `kind` alone requires an identity of that kind. Of `email`,
 * `clientId` and `commonName`, only one can be given, because each belongs to one kind.
 *
 * @example
 * ```ts
 * const access: AccessMatch = { kind: 'user', email: /@acme\.example$/, claims: { country: ['DE', 'FR'] } }
 * ```
 */
export interface AccessMatch {
  readonly kind?: 'user' | 'service' | 'certificate'
  /** The user's e-mail address. */
  readonly email?: TextMatch
  /** The service token's client id. */
  readonly clientId?: TextMatch
  /** The common name of a service that Access admitted by certificate. */
  readonly commonName?: TextMatch
  /**
   * Claims of the verified token, by their path. Next to each other property.
   *
   * A dot separates the names of members: `custom.role`. A dot that is a part of a name has a backslash before it:
   * `https://acme\\.example/groups` in a string literal.
   */
  readonly claims?: ClaimsMatch
}

/**
 * The accepted values of a claim. They are compared exactly and with their type. A claim that is a list needs one
 * matching element. A missing claim is undecided, so that neither the requirement nor its negation admits.
 *
 * @example
 * ```ts
 * const country: ClaimMatch = ['DE', 'FR']
 * ```
 */
export type ClaimMatch = TextMatch | number | boolean | readonly (string | number | boolean)[]

/**
 * The required claims of the Access token. Every one must match.
 *
 * @example
 * ```ts
 * import type { CertificateRequirement } from '@countersign/origin-plugin'
 *
 * const requirement: CertificateRequirement = { access: { claims: { 'custom.groups': ['ops', 'security'], tier: 1 } } }
 * ```
 */
export interface ClaimsMatch {
  readonly [path: string]: ClaimMatch
}

/**
 * A requirement on the certificate: every given property must match.
 *
 * @example
 * ```ts
 * const ops: CertificateRequirement = { subject: { O: 'Acme', OU: 'Ops' }, issuer: { CN: 'Acme CA' } }
 * ```
 */
export interface CertificateRequirement {
  readonly subject?: NameMatch
  /** The CA that signed the certificate. */
  readonly issuer?: NameMatch
  /**
   * Needs the certificate itself: a Worker that forwards it (`forwardCert` other than `none`), or the source `rfc9440`.
   */
  readonly san?: SubjectAltNameMatch
  /** Hexadecimal, in any case. It needs `issuer`, because a serial number is unique for one issuer only. */
  readonly serialNumber?: string | readonly string[]
  /** SHA-256 of the DER in hexadecimal, in any case, with or without colons. */
  readonly fingerprint256?: string | readonly string[]
  /** Subject key identifier in hexadecimal, in any case, with or without colons. */
  readonly keyId?: string | readonly string[]
  /** The SPIFFE ID of a workload. Needs the certificate itself, as `san` does. */
  readonly spiffe?: SpiffeMatch
  /**
   * SHA-256 of the public key (SubjectPublicKeyInfo) in base64, 44 characters, as in RFC 7469. A renewed certificate with
   * the same key keeps it. As an exclusion, it excludes a key, and its owner can make another one. Needs the
   * certificate itself, as `san` does.
   */
  readonly spki256?: string | readonly string[]
  /**
   * The certificate must list one of these purposes of its key. One without the extension is undecided, and so is one
   * that has `anyExtendedKeyUsage` in place of the purpose. Needs the certificate itself, as `san` does.
   */
  readonly extendedKeyUsage?: KeyPurpose | readonly KeyPurpose[]
  readonly access?: AccessMatch
}

/**
 * The request of any server. `request.raw` is a request of HTTP/1.1 or of HTTP/2.
 *
 * @example
 * ```ts
 * const isOwn = (request: GuardedRequest) => (request.params as { tenant: string }).tenant === 'acme'
 * ```
 */
export type GuardedRequest = FastifyRequest<RouteGenericInterface, RawServerBase>

/**
 * A synchronous decision of your own. Only `true` admits. Every other value and an exception refuse.
 *
 * The message of an exception becomes part of the reason, in the operator's log. Long words are left out of it, as a key
 * would be one. A shorter secret stays, so throw no message with a password.
 *
 * You can annotate the request with the types of your route or server, such as `FastifyRequest<{ Params: … }>`.
 *
 * @example
 * ```ts
 * const ownTenant: GuardFunction = (cert, request) => cert.subject.O === (request.params as { tenant: string }).tenant
 * ```
 */
export type GuardFunction = { decide(clientCert: ClientCert, request: GuardedRequest): boolean }['decide']

/**
 * The requirement of a route: `true` for any verified certificate, the name of a policy, a requirement on the
 * certificate, a function, or a combination.
 *
 * @example
 * ```ts
 * const policies: Record<string, Requirement> = { ops: { subject: { OU: 'Ops' } }, any: true }
 * ```
 */
export type Requirement = true | string | CertificateRequirement | GuardFunction | Combination

/**
 * The requirement in a route's config: a {@link Requirement}, one that is {@link optional}, or `false` for a public
 * route.
 *
 * @example
 * ```ts
 * const clientCert: RouteRequirement = false
 * app.get('/healthz', { config: { clientCert } }, () => 'ok')
 * ```
 */
export type RouteRequirement = Requirement | OptionalRequirement | false

/**
 * A combination of requirements, made by {@link allOf}, {@link anyOf} or {@link not}.
 *
 * @example
 * ```ts
 * const requirement: Combination = anyOf('ops', { subject: { CN: 'pay-1' } })
 * ```
 */
export class Combination {
  readonly operator: 'allOf' | 'anyOf' | 'not'
  readonly requirements: readonly Requirement[]

  constructor(operator: Combination['operator'], requirements: readonly Requirement[]) {
    this.operator = operator
    this.requirements = Object.freeze([...requirements])
    Object.freeze(this)
  }
}

/**
 * Combines requirements: every one must match.
 *
 * @example
 * ```ts
 * allOf('ops', { issuer: { CN: 'Acme Issuing CA' } })
 * ```
 */
export function allOf(...requirements: Requirement[]): Combination {
  return new Combination('allOf', requirements)
}

/**
 * Combines requirements: at least one must match.
 *
 * @example
 * ```ts
 * anyOf({ subject: { OU: 'Ops' } }, { access: { kind: 'service' } })
 * ```
 */
export function anyOf(...requirements: Requirement[]): Combination {
  return new Combination('anyOf', requirements)
}

/**
 * Negates a requirement: it must not match. A requirement that cannot be decided refuses here too, for example for a
 * name with two common names, a missing `Client-Cert` or a function that throws. Otherwise a client could evade a deny
 * list with an ambiguous certificate.
 *
 * @example
 * ```ts
 * not({ fingerprint256: ['ab'.repeat(32), 'cd'.repeat(32)] })
 * ```
 * @throws TypeError if there are several requirements. Dropping the others would admit those whom they exclude.
 */
export function not(requirement: Requirement, ...others: never[]): Combination {
  if (others.length > 0) {
    throw new TypeError('not() takes one requirement; write not(anyOf(…)) to exclude the matches of each')
  }
  return new Combination('not', [requirement])
}

/**
 * A requirement that a client without a certificate need not meet, made by {@link optional}.
 *
 * @example
 * ```ts
 * const login: OptionalRequirement = optional('ops')
 * app.get('/login', { config: { clientCert: login } }, ({ clientCert }) => clientCert?.subject.CN ?? 'guest')
 * ```
 */
export class OptionalRequirement {
  /** The requirement on a certificate that comes. */
  readonly requirement: Requirement

  constructor(requirement: Requirement) {
    this.requirement = requirement
    Object.freeze(this)
  }
}

/**
 * Makes the requirement of a route optional: the route admits a client that presents no certificate, with
 * `request.clientCert === null`. A certificate that comes must be good, and must match.
 *
 * The absence is proven. The edge signature, the own host, the Access token and the nonce are checked as on every other
 * route, and `request.access` has the identity. A token that names a certificate needs that certificate.
 * `access.matches` is called only with a certificate. A certificate that Cloudflare did not verify is refused.
 *
 * Write it around the whole requirement, in a route's config or in a rule of the option `routes`. A client chooses
 * whether to present its certificate, so a `not(…)` inside excludes nobody who leaves it out.
 *
 * @param given - the requirement on a certificate that comes. By default any verified certificate matches
 * @throws TypeError for `undefined`, which would silently drop the requirement, and for `false`
 * @example
 * ```ts
 * app.get('/login', { config: { clientCert: optional('ops') } }, (request) =>
 *   request.clientCert ? `Hello ${request.clientCert.subject.CN}` : 'Please sign in',
 * )
 * ```
 */
export function optional(...given: [requirement?: Requirement]): OptionalRequirement {
  const [requirement] = given as unknown[]
  if (given.length === 0) return new OptionalRequirement(true)
  if (given.length > 1) {
    throw new TypeError('optional() takes one requirement; write optional(anyOf(…)) or optional(allOf(…))')
  }
  if (requirement === undefined) {
    throw new TypeError('optional(undefined): the requirement is undefined; write it, or optional() without one')
  }
  if (requirement === false) {
    throw new TypeError(
      'optional(false) is not a requirement; write clientCert: false for a public route, or optional() to verify a certificate that comes',
    )
  }
  return new OptionalRequirement(requirement as Requirement)
}
