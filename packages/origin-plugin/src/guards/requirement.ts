import type { FastifyRequest } from 'fastify'
import type { ClientCert } from '../client-cert.ts'

/**
 * How one value must read: exactly this text, one of these texts, or a RegExp that is anchored at both ends
 * (`/^pay-\d+$/`; alternatives go into a group: `/^(?:a|b)$/`).
 */
export type TextMatch = string | readonly string[] | RegExp

/**
 * How a subject or issuer must read.
 *
 * Text is a whole distinguished name, or several: every RDN must agree, in order. An object names attributes, by short
 * name in any case or by OID; each must occur exactly once in the certificate's name and match.
 */
export type NameMatch = string | readonly string[] | { readonly [attributeType: string]: TextMatch }

/** Which alternative names the certificate must have: for each kind that is given, at least one that matches. */
export interface SubjectAltNameMatch {
  /** Host names; case does not matter. */
  readonly dns?: TextMatch
  readonly email?: TextMatch
  readonly uri?: TextMatch
  /** Addresses, in any spelling. */
  readonly ip?: string | readonly string[]
}

/** Whom Access must have admitted. */
export interface AccessMatch {
  readonly kind?: 'user' | 'service' | 'certificate'
  /** The user's e-mail address. */
  readonly email?: TextMatch
  /** The service token's client id. */
  readonly clientId?: TextMatch
  /** The common name of a service that Access admitted by certificate. */
  readonly commonName?: TextMatch
}

/** What a certificate must be like: every property that is given must match. */
export interface CertificateRequirement {
  readonly subject?: NameMatch
  /** The CA that signed the certificate. */
  readonly issuer?: NameMatch
  /** Needs a Worker that forwards the certificate (`forwardCert` other than `none`). */
  readonly san?: SubjectAltNameMatch
  /** Hexadecimal, in any case. Only together with `issuer`: a serial number is unique for one issuer. */
  readonly serialNumber?: string | readonly string[]
  /** SHA-256 of the DER in hexadecimal, in any case, with or without colons. */
  readonly fingerprint256?: string | readonly string[]
  /** Subject key identifier in hexadecimal, in any case, with or without colons. */
  readonly keyId?: string | readonly string[]
  readonly access?: AccessMatch
}

/**
 * A decision of your own. Only `true` admits; an exception or anything else refuses.
 *
 * @example
 * ```ts
 * const ownTenant: GuardFunction = (cert, request) => cert.subject.O === (request.params as { tenant: string }).tenant
 * ```
 */
export type GuardFunction = (clientCert: ClientCert, request: FastifyRequest) => boolean

/** What a route asks for: `true` for any verified certificate, the name of a policy, a requirement, or a combination. */
export type Requirement = true | string | CertificateRequirement | GuardFunction | Combination

/** Several requirements in one, made by {@link allOf}, {@link anyOf} and {@link not}. */
export class Combination {
  readonly operator: 'allOf' | 'anyOf' | 'not'
  readonly requirements: readonly Requirement[]

  constructor(operator: Combination['operator'], requirements: readonly Requirement[]) {
    this.operator = operator
    this.requirements = requirements
  }
}

/**
 * Every requirement must match.
 *
 * @example
 * ```ts
 * allOf('ops', { issuer: { CN: 'Acme Issuing CA' } })
 * ```
 */
export function allOf(...requirements: Requirement[]): Combination {
  return new Combination('allOf', requirements)
}

/** At least one requirement must match. */
export function anyOf(...requirements: Requirement[]): Combination {
  return new Combination('anyOf', requirements)
}

/**
 * The requirement must not match. What cannot be decided (a name with two common names, a missing `Client-Cert`, a
 * function that throws) is refused here too: a deny list must not be left by being ambiguous.
 */
export function not(requirement: Requirement): Combination {
  return new Combination('not', [requirement])
}
