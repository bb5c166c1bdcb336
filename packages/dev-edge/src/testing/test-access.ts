import type { JWTPayload } from 'jose'
import type { AccessIssuer } from '../access/access-issuer.ts'
import { DEV_ACCESS, type DevAccess, DevAccessTokens } from '../access/dev-access.ts'
import type { LoginCertificate } from '../access/login-claims.ts'

/**
 * The Access login of a request: one of {@link DevAccess}, or `null` for a request without a token. Claims replace
 * those of a user, or those of a service token if they contain `common_name`.
 *
 * @example
 * ```ts
 * const access: TestAccess = { email: 'jane@acme.example', sub: '7335d417' }
 * await edge.inject(app, { url: '/me', access })
 * ```
 */
export type TestAccess = Exclude<DevAccess, 'none'> | JWTPayload | null

const NAMES = DEV_ACCESS.filter((name) => name !== 'none')

/** The tokens of a test edge. Tokens of a named login are reused, as Access does. */
export class TestAccessTokens {
  readonly #issuer: AccessIssuer
  readonly #usual: DevAccessTokens

  constructor(issuer: AccessIssuer) {
    this.#issuer = issuer
    this.#usual = new DevAccessTokens(issuer)
  }

  /**
   * @param certificate - the client's certificate, if Access admits by it
   * @throws RefusedByEdge if `access` is `certificate` and there is no certificate
   * @throws TypeError if `access` is not a {@link TestAccess}
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
