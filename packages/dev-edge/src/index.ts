/**
 * Cloudflare on a laptop: mutual TLS, Access, and the real Worker in workerd.
 *
 * @module
 */

export { DEV_ACCESS, type DevAccess } from './access/dev-access.ts'
export type { AccessLogin } from './access/login-claims.ts'
export { createDevEdge } from './create-dev-edge.ts'
export type { AccessTokenOptions, DevAccessOptions, DevEdge, DevEdgeOptions } from './dev-edge.ts'
export { type DiagnosedAccess, type DiagnoseOptions, diagnose } from './doctor/diagnose.ts'
export type { CheckName, Finding } from './doctor/finding.ts'
export type { EdgeRequestEvent, RequestListener } from './edge/request-event.ts'
export type { ClientFiles } from './folder/client-files.ts'
export { type WrittenClients, writeClients } from './folder/write-clients.ts'
export type { EdgeFetchOptions, EdgeResponse, EdgeTlsOptions } from './net/edge-fetch.ts'
export type { DevClient, IssueClientOptions } from './pki/dev-client.ts'
export type { DevClientName, DevClients } from './pki/dev-clients.ts'
export type { SubjectAltNames } from './pki/issue-certificate.ts'
export type { KeyType } from './pki/key-pair.ts'
export { formatPkcs12 } from './pki/pkcs12.ts'
