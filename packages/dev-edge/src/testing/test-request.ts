import type { OutgoingHttpHeaders } from 'node:http'
import type { InjectOptions } from 'fastify'
import type { DevClient } from '../pki/dev-client.ts'
import type { TestAccess } from './test-access.ts'
import type { TestCertificate } from './test-clients.ts'

/** The sender of a request. */
export interface TestIdentity {
  /** A client, or the description of a certificate to issue once. Without it the client has no certificate. */
  readonly cert?: DevClient | TestCertificate | null | undefined
  /** The Access login. The default is `user`. */
  readonly access?: TestAccess | undefined
}

/** A request and its sender. */
export interface TestRequest extends TestIdentity {
  /** The default is `GET`. */
  readonly method?: string | undefined
  /** A path with its query, or a whole URL. */
  readonly url: string
  /** The client's own headers. The Worker removes those that only the edge may send. */
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** Options of {@link TestEdge#inject}: those of `app.inject()`, and the sender. */
export interface TestInjectOptions extends TestIdentity, Omit<InjectOptions, 'url' | 'path'> {
  /** A path with its query, or a whole URL. */
  readonly url: string
}
