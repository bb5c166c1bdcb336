import { randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'

/**
 * The proof of a login: an identity provider, a service token or a client certificate.
 *
 * @example
 * ```ts
 * const as: AccessLogin = 'service'
 * const token = await edge.accessToken({ as })
 * ```
 */
export type AccessLogin = 'user' | 'service' | 'certificate'

/** The fields of a client certificate that a token contains. */
export type LoginCertificate = Pick<FullTlsClientAuth, 'certSerial' | 'certIssuerDN' | 'certIssuerSKI'> & {
  /** The subject's common name, or `""`. */
  readonly commonName: string
}

const SERVICE_TOKEN_ID = '88bf3b6d86161464f6509f7219099e57.access'
const USER = { email: 'dev@example.com', sub: '7335d417-61da-459d-899c-0a01c76a2f94', country: 'US' }

/**
 * Builds the claims that differ between the kinds of login. Service logins have an empty `sub`, and neither `nbf` nor
 * `email`.
 *
 * @param now - seconds since the epoch
 * @see
 * {@link https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/ Cloudflare: application token}
 */
export function buildLoginClaims(
  login: AccessLogin,
  now: number,
  certificate: LoginCertificate | undefined,
): JWTPayload {
  switch (login) {
    case 'user':
      return { ...USER, nbf: now, identity_nonce: randomBytes(12).toString('base64url') }
    case 'service':
      return { common_name: SERVICE_TOKEN_ID, sub: '' }
    case 'certificate':
      if (!certificate) throw new TypeError('a token as "certificate" needs a client with a certificate')
      return {
        common_name: certificate.commonName,
        sub: '',
        mtls_auth: {
          auth_status: 'SUCCESS',
          cert_presented: true,
          cert_serial: certificate.certSerial,
          cert_issuer_dn: certificate.certIssuerDN,
          cert_issuer_ski: certificate.certIssuerSKI,
        },
      }
    default:
      throw new TypeError('as must be "user", "service" or "certificate"')
  }
}
