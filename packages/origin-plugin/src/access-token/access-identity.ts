import type { JWTPayload } from 'jose'

interface AccessClaims {
  /** The whole verified payload. */
  readonly claims: Readonly<JWTPayload>
}

/**
 * A person, signed in through an identity provider.
 *
 * @example
 * ```ts
 * const addressOf = ({ email, sub }: AccessUser) => `${email} (${sub ?? 'no identifier'})`
 * ```
 */
export interface AccessUser extends AccessClaims {
  readonly kind: 'user'
  readonly email: string
  /** The user's id in Access. */
  readonly sub: string | undefined
}

/**
 * A program with an Access service token.
 *
 * @example
 * ```ts
 * const isDeployer = ({ clientId }: AccessService) => clientId === '1f2e3d4c.access'
 * ```
 */
export interface AccessService extends AccessClaims {
  readonly kind: 'service'
  /** The service token's client id: 32 hexadecimal digits and `.access`. */
  readonly clientId: string
}

/**
 * A program that Access admitted by its client certificate alone (mTLS service auth).
 *
 * @example
 * ```ts
 * app.get('/me', ({ access }) => {
 *   const identity = access?.kind === 'certificate' ? (access satisfies AccessCertificate) : undefined
 *   return identity?.commonName
 * })
 * ```
 */
export interface AccessCertificate extends AccessClaims {
  readonly kind: 'certificate'
  /** The certificate's common name, as Access wrote it into the token. */
  readonly commonName: string
}

/**
 * The identity that Access admitted. `kind` distinguishes the three forms.
 *
 * @example
 * ```ts
 * app.get('/whoami', ({ access }) => {
 *   switch (access?.kind) {
 *     case 'user':
 *       return access.email
 *     case 'service':
 *       return access.clientId
 *     case 'certificate':
 *       return access.commonName
 *     default:
 *       return null
 *   }
 * })
 * ```
 */
export type AccessIdentity = AccessUser | AccessService | AccessCertificate

/**
 * The form in which Access makes the ids of service tokens. Another name that ends in `.access` could be the common
 * name of a certificate, which has to be compared with the certificate.
 */
const SERVICE_TOKEN_ID = /^[0-9a-f]{32}\.access$/

/** Whether a text has the form of a service token's id. */
export function isServiceTokenId(text: unknown): boolean {
  return typeof text === 'string' && SERVICE_TOKEN_ID.test(text)
}

/**
 * Reads the identity that a verified token names.
 *
 * @param claims - the payload of a token whose signature, issuer, audience and times are verified
 * @returns the identity; `undefined` if the token names none
 * @see {@link https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token/ Cloudflare: application token}
 */
export function readAccessIdentity(claims: JWTPayload): AccessIdentity | undefined {
  const email = text(claims.email)
  if (email) return { kind: 'user', email, sub: text(claims.sub), claims }
  const commonName = text(claims.common_name)
  if (!commonName) return undefined
  const service = isServiceTokenId(commonName) && !namesCertificate(claims.mtls_auth)
  return service ? { kind: 'service', clientId: commonName, claims } : { kind: 'certificate', commonName, claims }
}

/** The values by which Cloudflare documents `mtls_auth` of a client without a certificate, and their absence. */
const NO_CERTIFICATE: ReadonlySet<unknown> = new Set(['NONE', false, '', null, undefined])

/** Whether the claim `mtls_auth` names a certificate. Any value that we do not know counts as a certificate's. */
export function namesCertificate(mtlsAuth: unknown): boolean {
  if (mtlsAuth === undefined || mtlsAuth === null) return false
  return typeof mtlsAuth !== 'object' || Object.values(mtlsAuth).some((value) => !NO_CERTIFICATE.has(value))
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined
}
