/**
 * The origin of Countersign: a Fastify plugin with a typed, proven `request.clientCert`, and guards for routes.
 *
 * @module
 */

export type { AccessCertificate, AccessIdentity, AccessService, AccessUser } from './access-token/access-identity.ts'
export type { AccessIssuerOptions, AccessTeamOptions } from './access-token/access-options.ts'
export type { CertificateChainOptions, IntermediateRevocationOptions } from './certificate/chain-options.ts'
export type { CaSource, TrustedIssuer, TrustedIssuerOptions } from './certificate/trusted-issuers.ts'
export { type CertifiedRequest, type ChainCert, type ClientCert, clientCertOf } from './client-cert.ts'
export { onDistrust } from './client-trust/on-distrust.ts'
export { clientUserOf, type IdentifiedRequest } from './client-user/client-user.ts'
export type { Identify, IdentifyOptions } from './client-user/identify-options.ts'
export type { CountersignHealth, EdgeKeyUse, PartHealth } from './countersign-health.ts'
export type { EdgeKeyList, EdgeKeySource } from './edge-signature/edge-key-source.ts'
export type { EdgeOptions } from './edge-signature/edge-options.ts'
export type { ReplayStore } from './edge-signature/replay-store.ts'
export { type CountersignError, type CountersignErrorCode, countersignErrors, isCountersignError } from './errors.ts'
export type { LogBindings } from './events/client-log.ts'
export type { AdmittedMessage, DegradedMessage, PartName, RefusedMessage } from './events/messages.ts'
export {
  type AccessMatch,
  type AttributeMatch,
  allOf,
  anyOf,
  type CertificateRequirement,
  type ClaimMatch,
  type ClaimsMatch,
  type Combination,
  type GuardedRequest,
  type GuardFunction,
  type NameMatch,
  not,
  type OptionalRequirement,
  optional,
  type Requirement,
  type RouteRequirement,
  type SpiffeMatch,
  type SubjectAltNameMatch,
  type TextMatch,
} from './guards/requirement.ts'
export type { Mode, RouteRule } from './guards/route-rules.ts'
export type { ClientCertRoute } from './guards/routes.ts'
export type { HeaderSourceName } from './header-source.ts'
export type { Health, HealthState } from './lib/health.ts'
export type { FileSource } from './lib/text-source.ts'
export type { CountersignPluginOptions } from './options.ts'
export { type ClientCertHook, countersign, countersign as default } from './plugin.ts'
export type { RevocationOptions } from './revocation/revocation-options.ts'
export type { SubjectAltNames } from './x509/certificate-names.ts'
export { DistinguishedName } from './x509/distinguished-name.ts'
export type { KeyPurpose } from './x509/extensions/extended-key-usage.ts'
