import type { SigningJwk } from '@countersign/wire'
import type { JSONWebKeySet } from 'jose'
import type { AccessIdentity } from './access-token/access-identity.ts'
import type { TrustedIssuer } from './certificate/trusted-issuers.ts'
import type { ClientCert } from './client-cert.ts'
import type { ReplayStore } from './edge-signature/replay-store.ts'
import type { Requirement } from './guards/requirement.ts'

/** How the Worker's signature is verified. */
export interface EdgeOptions {
  /**
   * The keys that the Worker may have signed with: one JWK, several, or a JWK Set. HMAC keys (`kty: "oct"`) are the
   * Worker's own; of an Ed25519 key (`kty: "OKP"`) the origin gets the public half.
   */
  readonly keys: SigningJwk | readonly SigningJwk[] | { readonly keys: readonly SigningJwk[] }
  /** Seconds after which a signature expires, whatever it says itself. Default 60. */
  readonly maxAge?: number
  /** Seconds by which the clocks of edge and origin may differ. Default 5. */
  readonly clockTolerance?: number
  /**
   * Where it is remembered that a signed request was accepted. `memory` (the default): in this process, so that each
   * process accepts it once. A store, such as `redisReplayStore(client)`: once for all processes. `false`: nowhere, so
   * that it is accepted until it expires.
   */
  readonly replay?: 'memory' | ReplayStore | false
  /** With `memory`: the most signed requests to remember at once; beyond it new ones get 503. Default 1,000,000. */
  readonly maxRemembered?: number
  /** With a store: milliseconds after which it counts as unavailable. Default 500. */
  readonly storeTimeout?: number
  /**
   * With a store: what to do while it is unavailable. `refuse` (the default) answers `CSN_REPLAY_STORE_UNAVAILABLE`;
   * `accept` goes on without replay protection, and logs it.
   */
  readonly onStoreUnavailable?: 'refuse' | 'accept'
}

interface AccessChecks {
  /** The application's Audience (AUD) tag, or several. */
  readonly audience: string | readonly string[]
  /** Seconds by which the clocks of Access and origin may differ. Default 5. */
  readonly clockTolerance?: number
  /**
   * Whether a failure to fetch the keys stops the start. Default `false`: it is logged, tried again in the background,
   * and requests get `CSN_ACCESS_KEYS_UNAVAILABLE` until the keys are there.
   */
  readonly requireKeysAtStart?: boolean
  /**
   * Ties the one who signed in to the certificate, for instance a user's e-mail address to its subject. Only `true` admits.
   *
   * @example
   * ```ts
   * matches: (access, cert) => access.kind === 'user' && access.email === cert.subject.emailAddress
   * ```
   */
  readonly matches?: (access: AccessIdentity, clientCert: ClientCert) => boolean
}

/** How the Access token is verified, by the name of the team. */
export interface AccessTeamOptions extends AccessChecks {
  /** `acme` of `https://acme.cloudflareaccess.com`, where issuer and keys are. */
  readonly team: string
}

/** How the Access token is verified, with issuer and keys spelled out. */
export interface AccessIssuerOptions extends AccessChecks {
  /** The `iss` of the tokens. */
  readonly issuer: string
  /** Where the keys are, in place of {@link AccessIssuerOptions.jwks}: https, or http on this machine. */
  readonly jwksUri?: string
  /** The keys themselves, for tests and closed networks. */
  readonly jwks?: JSONWebKeySet
}

/**
 * Options of the plugin. `edge`, `access` and `trustedIssuers` must all be said; `null` is how you say no.
 */
export interface CountersignPluginOptions {
  /** The edge signature. `null` only where nothing but the edge can reach the origin; the log says what is then not proven. */
  readonly edge: EdgeOptions | null
  /** The Access token. `null` where Access is not in use (API Shield). Not `null` together with `edge`. */
  readonly access: AccessTeamOptions | AccessIssuerOptions | null
  /** The CAs whose certificates are accepted. `null` accepts every CA that Cloudflare verifies against. */
  readonly trustedIssuers: readonly TrustedIssuer[] | null
  /** Requirements by name. */
  readonly policies?: Readonly<Record<string, Requirement>>
}
