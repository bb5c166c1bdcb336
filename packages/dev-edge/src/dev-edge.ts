import type { X509Certificate } from 'node:crypto'
import type { SigningJwk } from '@countersign/wire'
import type { JWTPayload } from 'jose'
import type { DevAccess } from './access/dev-access.ts'
import type { AccessLogin } from './access/login-claims.ts'
import type { RequestListener } from './edge/request-event.ts'
import type { EdgeFetchOptions, EdgeResponse, EdgeTlsOptions } from './net/edge-fetch.ts'
import type { DevClient, IssueClientOptions } from './pki/dev-client.ts'
import type { DevClients } from './pki/dev-clients.ts'

/** Options of {@link createDevEdge}. */
export interface DevEdgeOptions {
  /** Where the Worker's `fetch()` goes: `http://host:port`, nothing behind it. */
  readonly origin: string
  /** The TLS port on 127.0.0.1; `0`, the default, takes any that is free. */
  readonly port?: number | undefined
  /**
   * A folder that keeps keys, CAs, the Access team and the clients between runs, so that an origin's configuration stays
   * true; it is made if it is not there. By default everything is made anew, in memory.
   */
  readonly folder?: string | undefined
  /** The port of the Access team's keys on 127.0.0.1; `0`, the default, takes any that is free. */
  readonly accessPort?: number | undefined
  /** The Worker's private key. The default is the one in the folder, or a fresh HMAC key. */
  readonly key?: SigningJwk | undefined
  /** The Worker's `COUNTERSIGN_FORWARD_CERT`: which certificates travel whole. */
  readonly forwardCert?: 'leaf' | 'chain' | 'none' | undefined
  /** The Worker's `COUNTERSIGN_REQUIRE`: `verified` answers 403 at the edge without a verified certificate. */
  readonly require?: 'none' | 'verified' | undefined
  /** The name in {@link DevEdge.url} and in the edge's own certificate. It has to resolve to 127.0.0.1. */
  readonly hostname?: string | undefined
  /**
   * The path of your own Worker's module, which calls `countersign(request, { key: env.COUNTERSIGN_KEY })`. It gets the
   * same bindings, and every `fetch()` of it goes to the origin. The default is the Worker of Countersign.
   */
  readonly worker?: string | undefined
  /**
   * How Access admits a client that sends no `Countersign-Dev-Access`, by the certificate of its handshake. `undefined`
   * is a user.
   *
   * @example
   * ```ts
   * accessFor: (certificate) => (certificate?.subject.includes('OU=Robots') ? 'service' : undefined)
   * ```
   */
  readonly accessFor?: ((certificate: X509Certificate | undefined) => DevAccess | undefined) | undefined
  /** Takes an event for each request that has ended. What it throws is logged and changes nothing. */
  readonly onRequest?: RequestListener | undefined
  /** Takes what the Worker writes to its console, line by line, and why it could not be reloaded. The default writes to stderr. */
  readonly log?: ((line: string) => void) | undefined
}

/** Options of {@link DevEdge.accessToken}. */
export interface AccessTokenOptions {
  /** How somebody was admitted. The default is `user`. */
  readonly as?: AccessLogin | undefined
  /** Whose certificate a token as `certificate` names. The default is {@link DevEdge.clients}`.alice`. */
  readonly client?: DevClient | undefined
  /** Claims to add or to replace; `undefined` removes one. */
  readonly claims?: JWTPayload | undefined
  /** Seconds from now to `exp`, negative for a token that has expired. The default is 24 hours. */
  readonly expiresIn?: number | undefined
  /** The `aud` claim, which is always an array. The default is {@link DevAccessOptions.audience}. */
  readonly audience?: string | readonly string[] | undefined
  /** The `iss` claim. The default is {@link DevAccessOptions.issuer}. */
  readonly issuer?: string | undefined
}

/** The local Access team: exactly the `access` option of the origin plugin. */
export interface DevAccessOptions {
  /** The team's domain as an origin. Nothing is ever fetched from it. */
  readonly issuer: string
  /** The application's audience tag: 64 hexadecimal digits. */
  readonly audience: string
  /** Where the team's keys are served, in plain HTTP on 127.0.0.1. */
  readonly jwksUri: string
}

/** A local edge that runs. Get one from {@link createDevEdge}. */
export interface DevEdge extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly url: string
  /**
   * For the origin's `edge.keys`: the public half of an Ed25519 key, an HMAC key itself. After {@link rotateKey} the
   * new one and the one before it.
   */
  readonly keys: readonly SigningJwk[]
  /** For the origin's `access`. */
  readonly access: DevAccessOptions
  /** PEM of the CA whose clients the edge verifies, for the origin's `trustedIssuers`. */
  readonly clientCa: string
  /** PEM of the CA that a client has to trust to reach the edge (`curl --cacert`). */
  readonly serverCa: string
  /** The clients that every edge starts with. */
  readonly clients: DevClients

  /**
   * Issues a certificate for one more client.
   *
   * @throws SyntaxError if `subject` is no distinguished name, TypeError for another option that cannot be
   * @example
   * ```ts
   * const pay = await edge.issueClient({ subject: 'CN=pay-1,O=Acme', san: { uri: ['spiffe://acme/pay'] } })
   * await edge.fetch('/pay', { client: pay })
   * ```
   */
  issueClient(options?: IssueClientOptions): Promise<DevClient>

  /** Revokes a client's certificate: from now on `certRevoked` is `"1"`, and `certVerified` stays what it was. */
  revokeAtEdge(client: DevClient): void

  /**
   * Puts a client's certificate on the revocation list of {@link DevEdge.clientCa}. As at Cloudflare, whose edge reads
   * no list of a CA that you bring, the edge goes on verifying it: the origin has to refuse it.
   */
  addToCrl(client: DevClient): void

  /** The revocation list of {@link DevEdge.clientCa} as it is now, in DER: for the origin's `revocation.crl`. */
  clientCrl(): Promise<Uint8Array>

  /**
   * Makes an Access application token, for requests that reach the origin around the edge.
   *
   * @returns a JWT that the origin's `access` accepts, unless the options say otherwise
   * @see {@link https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/ Cloudflare: application token}
   */
  accessToken(options?: AccessTokenOptions): Promise<string>

  /** Signs Access tokens with a new key from now on. The previous key stays listed, the one before it goes. */
  rotateAccessKeys(): Promise<void>

  /**
   * Lets the Worker sign with another key. {@link keys} then lists both; the one before them goes.
   *
   * An origin has to know a key before the Worker signs with it. To rotate as in production, make the key yourself, add
   * it to the origin, and give it here.
   *
   * @param key - a private key with a `kid` of its own; a fresh HMAC key by default
   * @throws TypeError if the Worker cannot sign with it, or the key before has the same `kid`
   */
  rotateKey(key?: SigningJwk): Promise<void>

  /**
   * Bundles the Worker anew and runs it in place of the present one, which ends with the last request that it has begun:
   * requests and WebSockets are not cut off until the reload after the next one. If the new Worker does not compile or
   * does not start, the present one goes on and the reason goes to {@link DevEdgeOptions.log}.
   *
   * @returns whether the new one runs
   */
  reloadWorker(): Promise<boolean>

  /**
   * Sends a request to the edge over TLS, on a connection of its own. The path goes out exactly as it is given.
   *
   * @returns the answer, whatever its status is
   * @throws Error if the connection fails, as `node:https` reports it
   * @example
   * ```ts
   * const { status, body } = await edge.fetch('/me', { client: edge.clients.alice })
   * ```
   */
  fetch(path: string, options?: EdgeFetchOptions): Promise<EdgeResponse>

  /** What `node:tls`, `node:https` and `ws` need to connect to the edge, as a client or without a certificate. */
  tlsOptions(client?: DevClient): EdgeTlsOptions

  /** Stops everything and cuts what is still open. */
  close(): Promise<void>
}
