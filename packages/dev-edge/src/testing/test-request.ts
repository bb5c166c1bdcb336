import type { OutgoingHttpHeaders } from 'node:http'
import type { InjectOptions } from 'fastify'
import { namesOf } from '../known-names.ts'
import type { DevClient } from '../pki/dev-client.ts'
import type { TestAccess } from './test-access.ts'
import type { TestCertificate } from './test-clients.ts'

/**
 * The sender of a request.
 *
 * @example
 * ```ts
 * const robot: TestIdentity = { cert: { subject: 'CN=robot-1' }, access: 'service' }
 * await edge.inject(app, { url: '/me', ...robot })
 * ```
 */
export interface TestIdentity {
  /** A client, or the description of a certificate to issue once. Without it the client has no certificate. */
  readonly cert?: DevClient | TestCertificate | null | undefined
  /** The Access login. The default is `user`. */
  readonly access?: TestAccess | undefined
}

/**
 * A request and its sender.
 *
 * @example
 * ```ts
 * const request: TestRequest = { method: 'GET', url: '/me', cert: null }
 * const headers = await edge.headers(request)
 * ```
 */
export interface TestRequest extends TestIdentity {
  /** The default is `GET`. */
  readonly method?: string | undefined
  /** A path with its query, or a whole URL. */
  readonly url: string
  /** The client's own headers. The Worker removes those that only the edge may send. */
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** The names of a {@link TestRequest}. */
export const REQUEST: readonly string[] = namesOf<TestRequest>({
  method: true,
  url: true,
  headers: true,
  cert: true,
  access: true,
})

/**
 * Options of {@link TestEdge#inject}: those of `app.inject()`, and the sender.
 *
 * @example
 * ```ts
 * const pay: TestInjectOptions = { method: 'POST', url: '/pay', cert: { subject: 'CN=pay-1' }, payload: { amount: 1 } }
 * await edge.inject(app, pay)
 * ```
 */
export interface TestInjectOptions extends TestIdentity, Omit<InjectOptions, 'url' | 'path'> {
  /** A path with its query, or a whole URL. */
  readonly url: string
}

/** The names of {@link TestInjectOptions}. */
export const INJECT_OPTIONS: readonly string[] = namesOf<TestInjectOptions>({
  method: true,
  url: true,
  query: true,
  headers: true,
  payload: true,
  body: true,
  cert: true,
  access: true,
  authority: true,
  cookies: true,
  remoteAddress: true,
  server: true,
  autoStart: true,
  simulate: true,
  validate: true,
  signal: true,
  Request: true,
  payloadAsStream: true,
})
