/**
 * The origin of Countersign: a typed, proven `request.clientCert` for Fastify, and guards for its routes.
 *
 * @module
 */

export type { AccessCertificate, AccessIdentity, AccessService, AccessUser } from './access-identity.ts'
export type { SubjectAltNames } from './certificate-names.ts'
export type { ClientCert } from './client-cert.ts'
export { clientCertOf } from './client-cert-of.ts'
export { DistinguishedName } from './distinguished-name.ts'
export { type CountersignError, type CountersignErrorCode, countersignErrors, isCountersignError } from './errors.ts'
export type {
  AccessIssuerOptions,
  AccessTeamOptions,
  CountersignPluginOptions,
  EdgeOptions,
} from './options.ts'
export { countersign, countersign as default, type RefusedMessage } from './plugin.ts'
export type { ReplayStore } from './replay-store.ts'
export {
  type AccessMatch,
  allOf,
  anyOf,
  type CertificateRequirement,
  type Combination,
  type GuardFunction,
  type NameMatch,
  not,
  type Requirement,
  type SubjectAltNameMatch,
  type TextMatch,
} from './requirement.ts'
export type { RevocationOptions } from './revocation.ts'
export type { ClientCertRoute } from './routes.ts'
export type { TrustedIssuer, TrustedIssuerOptions } from './trusted-issuers.ts'
