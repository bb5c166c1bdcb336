/**
 * Cloudflare on a laptop: mutual TLS, Access, and the real Worker in workerd.
 *
 * @module
 */

export type { AccessLogin } from './access-claims.ts'
export {
  type AccessTokenOptions,
  createDevEdge,
  type DevAccessOptions,
  type DevEdge,
  type DevEdgeOptions,
} from './create-dev-edge.ts'
export { DEV_ACCESS, type DevAccess } from './dev-access.ts'
export type { DevClient, IssueClientOptions } from './dev-client.ts'
export type { DevClientName, DevClients } from './dev-clients.ts'
export { type DiagnosedAccess, type DiagnoseOptions, diagnose } from './doctor/diagnose.ts'
export type { CheckName, Finding } from './doctor/finding.ts'
export type { EdgeFetchOptions, EdgeResponse, EdgeTlsOptions } from './edge-fetch.ts'
export type { ClientFiles } from './folder/client-files.ts'
export { type WrittenClients, writeClients } from './folder/write-clients.ts'
export type { SubjectAltNames } from './issue-certificate.ts'
export type { KeyType } from './key-pair.ts'
export { formatPkcs12 } from './pkcs12.ts'
export type { EdgeRequestEvent, RequestListener } from './request-event.ts'
