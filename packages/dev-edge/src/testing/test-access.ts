import type { JWTPayload } from 'jose'
import type { AccessIssuer } from '../access/access-issuer.ts'
import { DEV_ACCESS, type DevAccess, DevAccessTokens } from '../access/dev-access.ts'
import type { LoginCertificate } from '../access/login-claims.ts'

/**
 * How Access admitted a request: one of {@link DevAccess}, claims to lay over those of a user (or of a service token, when
 * `common_name` is among them), or `null` for a request without a token.
 */
export type TestAccess = Exclude<DevAccess, 'none'> | JWTPayload | null

const NAMES = DEV_ACCESS.filter((name) => name !== 'none')

/** The tokens of a test edge: the usual ones are used again, as Access does. */
export class TestAccessTokens {
  readonly #issuer: AccessIssuer
  readonly #usual: DevAccessTokens

  constructor(issuer: AccessIssuer) {
    this.#issuer = issuer
    this.#usual = new DevAccessTokens(issuer)
  }

  /**
   * @param certificate - the client's, when it was verified
   * @throws RefusedByEdge for `certificate` without one
   * @throws TypeError if `access` is none of {@link TestAccess}
   */
  async tokenFor(access: TestAccess, certificate: LoginCertificate | undefined): Promise<string | undefined> {
    if (access === null) return undefined
    if (typeof access === 'object') {
      return this.#issuer.sign({ as: 'common_name' in access ? 'service' : 'user', claims: access })
    }
    if (!NAMES.includes(access)) {
      throw new TypeError(`access must be one of ${NAMES.join(', ')}, claims such as { email: '…' }, or null`)
    }
    return this.#usual.tokenFor(access, certificate)
  }
}
