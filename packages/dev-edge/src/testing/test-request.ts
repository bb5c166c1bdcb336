import type { OutgoingHttpHeaders } from 'node:http'
import type { InjectOptions } from 'fastify'
import type { DevClient } from '../pki/dev-client.ts'
import type { TestAccess } from './test-access.ts'
import type { TestCertificate } from './test-clients.ts'

/** Who sends a request. */
export interface TestIdentity {
  /** A client, or a certificate to issue for it: once for each description. Without one the client has no certificate. */
  readonly cert?: DevClient | TestCertificate | null | undefined
  /** How Access admitted it. The default is `user`. */
  readonly access?: TestAccess | undefined
}

/** A request, and who sends it. */
export interface TestRequest extends TestIdentity {
  /** The default is `GET`. */
  readonly method?: string | undefined
  /** A path with its query, or a whole URL. */
  readonly url: string
  /** The client's own headers. The Worker strips from them what only the edge may say. */
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** What {@link TestEdge#inject} takes: a request of `app.inject()`, and who sends it. */
export interface TestInjectOptions extends TestIdentity, Omit<InjectOptions, 'url' | 'path'> {
  /** A path with its query, or a whole URL. */
  readonly url: string
}
