import type { FastifyRequest, RawServerBase, RouteGenericInterface } from 'fastify'
import type { ClientCert } from '../client-cert.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { KeyPurpose } from '../x509/extended-key-usage.ts'

/**
 * The accepted values: exactly this text, one of these texts, or a RegExp that is anchored at both ends
 * (`/^pay-\d+$/`). Put alternatives into a group: `/^(?:a|b)$/`.
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
 */
export type NameMatch =
  | string
  | DistinguishedName
  | readonly (string | DistinguishedName)[]
  | { readonly [attributeType: string]: AttributeMatch }

/** The required alternative names: the certificate must have at least one matching name of each given kind. */
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
 * The identity that Access must have admitted. `kind` alone requires an identity of that kind. Of the other properties,
 * only one can be given, because each belongs to one kind.
 */
export interface AccessMatch {
  readonly kind?: 'user' | 'service' | 'certificate'
  /** The user's e-mail address. */
  readonly email?: TextMatch
  /** The service token's client id. */
  readonly clientId?: TextMatch
  /** The common name of a service that Access admitted by certificate. */
  readonly commonName?: TextMatch
}

/** A requirement on the certificate: every given property must match. */
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
  /**
   * The certificate must list one of these purposes of its key. One without the extension is undecided, and so is one
   * that has `anyExtendedKeyUsage` in place of the purpose. Needs a Worker that forwards the certificate.
   */
  readonly extendedKeyUsage?: KeyPurpose | readonly KeyPurpose[]
  readonly access?: AccessMatch
}

/** The request of any server. `request.raw` is a request of HTTP/1.1 or of HTTP/2. */
export type GuardedRequest = FastifyRequest<RouteGenericInterface, RawServerBase>

/**
 * A synchronous decision of your own. Only `true` admits. Every other value and an exception refuse.
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
 */
export type Requirement = true | string | CertificateRequirement | GuardFunction | Combination

/** A combination of requirements, made by {@link allOf}, {@link anyOf} or {@link not}. */
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
