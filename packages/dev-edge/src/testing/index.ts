/**
 * A test kit for origins: signed headers for `app.inject()`, in memory.
 *
 * @module
 */

export type { DevClient } from '../pki/dev-client.ts'
export type { SubjectAltNames } from '../pki/issue-certificate.ts'
export type { KeyType } from '../pki/key-pair.ts'
export {
  createTestEdge,
  type TestEdge,
  type TestEdgeOptions,
  type TestPluginOptions,
  type UnsignedPluginOptions,
} from './create-test-edge.ts'
export type { InjectableApp } from './inject-request.ts'
export type { TestAccess } from './test-access.ts'
export type { TestCertificate } from './test-clients.ts'
export type { TestIdentity, TestInjectOptions, TestRequest } from './test-request.ts'
