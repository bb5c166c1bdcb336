import type { X509Certificate } from 'node:crypto'
import type { HeaderSourceName } from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import type { JWTPayload } from 'jose'
import type { DevAccess } from './access/dev-access.ts'
import type { AccessLogin } from './access/login-claims.ts'
import type { RequestListener } from './edge/request-event.ts'
import type { EdgeFetchOptions, EdgeResponse, EdgeTlsOptions } from './net/edge-fetch.ts'
import type { DevClient, IssueClientOptions } from './pki/dev-client.ts'
import type { DevClients } from './pki/dev-clients.ts'

/**
 * Options of {@link createDevEdge}.
 *
 * @example
 * ```ts
 * const options: DevEdgeOptions = { origin: 'http://127.0.0.1:3000', folder: '.countersign', forwardCert: 'chain' }
 * const edge = await createDevEdge(options)
 * ```
 */
export interface DevEdgeOptions {
  /** The origin that the Worker's `fetch()` reaches: `http://host:port`, without a path. */
  readonly origin: string
  /** The TLS port on 127.0.0.1. The default is `0`, any free port. */
  readonly port?: number | undefined
  /**
   * A folder that keeps keys, CAs, the Access team and the clients between runs, so that an origin's configuration
   * stays valid. It is created if it is missing. By default the edge creates all of them in memory.
   */
  readonly folder?: string | undefined
  /** The port of the Access team's keys on 127.0.0.1. The default is `0`, any free port. */
  readonly accessPort?: number | undefined
  /**
   * The sender of the certificate headers, as the origin's option `source`. `worker`, the default, runs the Worker.
   * `rfc9440` and `cf-cert` are zones without a Worker: transform rules write `Client-Cert`, or the managed transform
   * writes `cf-cert-*`.
   */
  readonly headers?: HeaderSourceName | undefined
  /** The Worker's private key. The default is the key in the folder, or a fresh HMAC key. */
  readonly key?: SigningJwk | undefined
  /** The Worker's `COUNTERSIGN_FORWARD_CERT`: the certificates that it forwards whole. */
  readonly forwardCert?: 'leaf' | 'chain' | 'none' | undefined
  /** The Worker's `COUNTERSIGN_REQUIRE`. With `verified` the Worker answers 403 without a verified certificate. */
  readonly require?: 'none' | 'verified' | undefined
  /** The Worker's `COUNTERSIGN_NAMES`: the forms in which the names of subject and issuer travel. */
  readonly names?: 'all' | 'rfc2253' | undefined
  /**
   * Whether the zone behind the Worker has Cloudflare's cache, which stores URLs such as `/report.csv` for every
   * client. The default is `true`, as at Cloudflare. The Worker of Countersign goes around it.
   */
  readonly cache?: boolean | undefined
  /** The host name in {@link DevEdge.url} and in the edge's own certificate. It must resolve to 127.0.0.1. */
  readonly hostname?: string | undefined
  /**
   * The path of your own Worker's module, which calls `countersign(request, { key: env.COUNTERSIGN_KEY })`. It gets the
   * same bindings, and each of its `fetch()` calls reaches the origin. The default is the Worker of Countersign.
   */
  readonly worker?: string | undefined
  /**
   * Variables and secrets of your own Worker, as text or JSON: the `vars` of its `wrangler.jsonc`. Those of Countersign
   * are the options `key`, `forwardCert`, `require` and `names`.
   */
  readonly vars?: Readonly<Record<string, unknown>> | undefined
  /**
   * The Worker's compatibility date. The default is `2026-07-01`, as in the configuration of the Worker of Countersign.
   * A date that the installed workerd does not know yet is an error.
   */
  readonly compatibilityDate?: string | undefined
  /** The Worker's compatibility flags, such as `['nodejs_compat']`, with which it may import modules of Node. */
  readonly compatibilityFlags?: readonly string[] | undefined
  /**
   * Replacements in the source of your own `worker`, as `define` of wrangler's file: expressions in JavaScript, by name.
   * Such as `{ BUILD: '"local"' }`.
   */
  readonly define?: Readonly<Record<string, string>> | undefined
  /** Absolute paths of files, by the module in whose place your own `worker` imports them. */
  readonly alias?: Readonly<Record<string, string>> | undefined
  /**
   * The name of a binding whose `fetch()` reaches the origin, in place of a VPC service, an mTLS certificate or another
   * Worker in production. The Worker of Countersign uses the name `COUNTERSIGN_ORIGIN`. Default: no such binding.
   */
  readonly originBinding?: string | undefined
  /**
   * Chooses the Access login of a client without `Countersign-Dev-Access`, by the certificate of its handshake.
   * `undefined` means `user`.
   *
   * @example
   * ```ts
   * await createDevEdge({
   *   origin: 'http://127.0.0.1:3000',
   *   accessFor: (certificate) => (certificate?.subject.includes('OU=Robots') ? 'service' : undefined),
   * })
   * ```
   */
  readonly accessFor?: ((certificate: X509Certificate | undefined) => DevAccess | undefined) | undefined
  /** Receives an event for each ended request. An error that it throws is logged and has no other effect. */
  readonly onRequest?: RequestListener | undefined
  /**
   * Receives each line that the Worker writes to its console, and the reason of a failed reload. The default writes to
   * stderr.
   */
  readonly log?: ((line: string) => void) | undefined
}

/**
 * Options of {@link DevEdge.accessToken}.
 *
 * @example
 * ```ts
 * const options: AccessTokenOptions = { as: 'user', claims: { email: 'jane@acme.example' }, expiresIn: 60 }
 * const token = await edge.accessToken(options)
 * ```
 */
export interface AccessTokenOptions {
  /** The login that the token proves. The default is `user`. */
  readonly as?: AccessLogin | undefined
  /** The client whose certificate a token as `certificate` names. The default is {@link DevEdge.clients}`.alice`. */
  readonly client?: DevClient | undefined
  /** Claims to add or to replace. `undefined` removes a claim. */
  readonly claims?: JWTPayload | undefined
  /** Seconds from now to `exp`. Negative for an expired token. The default is 24 hours. */
  readonly expiresIn?: number | undefined
  /** The `aud` claim, always an array. The default is {@link DevAccessOptions.audience}. */
  readonly audience?: string | readonly string[] | undefined
  /** The `iss` claim. The default is {@link DevAccessOptions.issuer}. */
  readonly issuer?: string | undefined
}

/**
 * The local Access team, in the form of the origin plugin's `access` option.
 *
 * @example
 * ```ts
 * const { issuer, audience, jwksUri }: DevAccessOptions = edge.access
 * ```
 */
export interface DevAccessOptions {
  /** The team's domain as an origin. The edge and the origin fetch nothing from it. */
  readonly issuer: string
  /** The application's audience tag: 64 hexadecimal digits. */
  readonly audience: string
  /** The URL of the team's keys, in plain HTTP on 127.0.0.1. */
  readonly jwksUri: string
}

/**
 * A running local edge, returned by {@link createDevEdge}.
 *
 * @example
 * ```ts
 * const { status, body } = await edge.fetch('/me', { client: edge.clients.alice })
 * await edge.close()
 * ```
 */
export interface DevEdge extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly url: string
  /**
   * The origin's `edge.keys`: the public half of an Ed25519 key, or the HMAC key itself. After {@link rotateKey} the
   * new key and the previous one. Empty without a Worker.
   */
  readonly keys: readonly SigningJwk[]
  /** The origin's `source`. With another one than `worker`, the origin needs `edge: null`. */
  readonly source: HeaderSourceName
  /** The origin's `edge.hosts`: the host of {@link url}, with its port. */
  readonly hosts: readonly string[]
  /** The origin's `access`. */
  readonly access: DevAccessOptions
  /** PEM of the CA whose clients the edge verifies, for the origin's `trustedIssuers`. */
  readonly clientCa: string
  /** PEM of the CA that a client must trust to reach the edge (`curl --cacert`). */
  readonly serverCa: string
  /** The clients of every edge. */
  readonly clients: DevClients

  /**
   * Issues a certificate for one more client.
   *
   * @throws SyntaxError if `subject` is not a distinguished name
   * @throws TypeError if another option is wrong
   * @example
   * ```ts
   * const pay = await edge.issueClient({ subject: 'CN=pay-1,O=Acme', san: { uri: ['spiffe://acme/pay'] } })
   * await edge.fetch('/pay', { client: pay })
   * ```
   */
  issueClient(options?: IssueClientOptions): Promise<DevClient>

  /**
   * Revokes a client's certificate at the edge. From now on `certRevoked` is `"1"`, and `certVerified` is unchanged.
   */
  revokeAtEdge(client: DevClient): void

  /**
   * Adds a client's certificate to the revocation list of {@link DevEdge.clientCa}. The edge still verifies it, because
   * Cloudflare's edge does not read the list of a CA that you bring. The origin must refuse it.
   */
  addToCrl(client: DevClient): void

  /** Returns the current revocation list of {@link DevEdge.clientCa} in DER, for the origin's `revocation.crl`. */
  clientCrl(): Promise<Uint8Array>

  /**
   * Signs an Access application token for requests that reach the origin around the edge.
   *
   * @returns a JWT that the origin's `access` accepts, unless the options change it
   * @see
   * {@link https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/ Cloudflare: application token}
   */
  accessToken(options?: AccessTokenOptions): Promise<string>

  /** Signs Access tokens with a new key from now on. The previous key stays listed, older ones are dropped. */
  rotateAccessKeys(): Promise<void>

  /** Empties the zone's cache, as "Purge Everything" does. */
  purgeCache(): void

  /**
   * Gives the Worker another signing key. {@link keys} then lists the new key and the previous one.
   *
   * An origin must know a key before the Worker signs with it. To rotate as in production, make the key yourself, add
   * it to the origin, and pass it here.
   *
   * @param key - a private key with a `kid` of its own. The default is a fresh HMAC key.
   * @throws TypeError if the Worker cannot sign with the key, or the previous key has the same `kid`
   */
  rotateKey(key?: SigningJwk): Promise<void>

  /**
   * Bundles the Worker again and replaces the running one. The old Worker finishes its open requests and WebSockets,
   * and is closed at the latest by the second reload after this one. If the new Worker does not compile or does not
   * start, the old one keeps running and {@link DevEdgeOptions.log} receives the reason.
   *
   * @returns whether the new Worker runs
   */
  reloadWorker(): Promise<boolean>

  /**
   * Sends a request to the edge over TLS, on a connection of its own. The path is sent exactly as given.
   *
   * @returns the answer, of any status
   * @throws Error of `node:https` if the connection fails
   * @example
   * ```ts
   * const { status, body } = await edge.fetch('/me', { client: edge.clients.alice })
   * ```
   */
  fetch(path: string, options?: EdgeFetchOptions): Promise<EdgeResponse>

  /** Options with which `node:tls`, `node:https` and `ws` connect to the edge, as a client or without a certificate. */
  tlsOptions(client?: DevClient): EdgeTlsOptions

  /** Stops all servers and cuts open connections. */
  close(): Promise<void>
}
