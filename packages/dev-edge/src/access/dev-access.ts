import { randomBytes } from 'node:crypto'
import { RefusedByEdge } from '../errors.ts'
import type { AccessIssuer, TokenTemplate } from './access-issuer.ts'
import type { LoginCertificate } from './login-claims.ts'

/** The request header that chooses the Access token of a request. The edge removes it before the Worker runs. */
export const DEV_ACCESS_HEADER = 'countersign-dev-access'

/**
 * The values of that header.
 *
 * @example
 * ```ts
 * console.log(`Countersign-Dev-Access is one of ${DEV_ACCESS.join(', ')}`)
 * ```
 */
export const DEV_ACCESS = ['user', 'service', 'certificate', 'expired', 'other-audience', 'none'] as const

/**
 * One of the values of that header. The default is `user`.
 *
 * @example
 * ```ts
 * const login: DevAccess = 'service'
 * await edge.fetch('/me', { headers: { 'Countersign-Dev-Access': login } })
 * ```
 */
export type DevAccess = (typeof DEV_ACCESS)[number]

/**
 * Chooses the login of a request. The header comes first, then `accessFor`, then `user`.
 *
 * @param chosen - the header's value, if any
 * @throws RefusedByEdge if the header is not one of {@link DEV_ACCESS}
 * @throws TypeError if `accessFor` returns another value
 */
export function resolveDevAccess(chosen: string | undefined, accessFor: () => DevAccess | undefined): DevAccess {
  const wanted = chosen ?? accessFor() ?? 'user'
  const access = DEV_ACCESS.find((value) => value === wanted)
  if (access) return access
  const values = DEV_ACCESS.join(', ')
  if (chosen === undefined) throw new TypeError(`accessFor must return one of: ${values}`)
  throw new RefusedByEdge(400, 'CSN_DEV_ACCESS_UNKNOWN', `The header Countersign-Dev-Access takes one of: ${values}`)
}

/** The audience tag of another application of the same team. */
const OTHER_AUDIENCE = randomBytes(32).toString('hex')

/** Milliseconds for which a token is reused: until an hour before it expires. */
const REUSE = 23 * 60 * 60 * 1000

/**
 * Gives each request the token of its login. Reuses a token for its session, as Access does, so that the origin sees
 * the same token on every request.
 */
export class DevAccessTokens {
  readonly #issuer: AccessIssuer
  readonly #tokens = new Map<string, { readonly token: Promise<string>; readonly until: number }>()

  constructor(issuer: AccessIssuer) {
    this.#issuer = issuer
  }

  /**
   * @param certificate - the client's certificate, if Access admits by it
   * @returns the token, or `undefined` for none
   * @throws RefusedByEdge if `access` is `certificate` and there is no certificate
   */
  async tokenFor(access: DevAccess, certificate: LoginCertificate | undefined): Promise<string | undefined> {
    if (access === 'none') return undefined
    if (access === 'certificate' && !certificate) {
      throw new RefusedByEdge(
        403,
        'CSN_DEV_ACCESS_DENIED',
        'Access admits by certificate only a client with a verified one',
      )
    }
    const named = access === 'certificate' ? certificate : undefined
    const session = [this.#issuer.kid, access, named?.certSerial, named?.certIssuerDN].join('\n')
    const known = this.#tokens.get(session)
    if (known && known.until > Date.now()) return known.token
    const token = this.#issuer.sign(templateFor(access, named))
    this.#tokens.set(session, { token, until: Date.now() + REUSE })
    return token
  }
}

function templateFor(access: Exclude<DevAccess, 'none'>, certificate: LoginCertificate | undefined): TokenTemplate {
  switch (access) {
    case 'expired':
      return { as: 'user', expiresIn: -60 * 60 }
    case 'other-audience':
      return { as: 'user', audience: OTHER_AUDIENCE }
    default:
      return { as: access, certificate }
  }
}
