import { randomBytes } from 'node:crypto'
import { RefusedByEdge } from '../errors.ts'
import type { AccessIssuer, TokenTemplate } from './access-issuer.ts'
import type { LoginCertificate } from './login-claims.ts'

/** The request header by which a developer chooses the Access token of a request. The Worker never sees it. */
export const DEV_ACCESS_HEADER = 'countersign-dev-access'

/** The values of that header. */
export const DEV_ACCESS = ['user', 'service', 'certificate', 'expired', 'other-audience', 'none'] as const

/** One of the values of that header; `user` is the default. */
export type DevAccess = (typeof DEV_ACCESS)[number]

/**
 * How a client is admitted: as its developer's header says, else as its certificate does, else as a user.
 *
 * @param chosen - the header's value, if any
 * @throws RefusedByEdge for a header that is not one of {@link DEV_ACCESS}, TypeError for such a result of `accessFor`
 */
export function resolveDevAccess(chosen: string | undefined, accessFor: () => DevAccess | undefined): DevAccess {
  const wanted = chosen ?? accessFor() ?? 'user'
  const access = DEV_ACCESS.find((value) => value === wanted)
  if (access) return access
  const values = DEV_ACCESS.join(', ')
  if (chosen === undefined) throw new TypeError(`accessFor must return one of: ${values}`)
  throw new RefusedByEdge(400, 'CSN_DEV_ACCESS_UNKNOWN', `The header Countersign-Dev-Access takes one of: ${values}`)
}

/** The tag of another application of the same team. */
const OTHER_AUDIENCE = randomBytes(32).toString('hex')

/** Tokens are made anew an hour before they expire, in milliseconds after they were made. */
const REUSE = 23 * 60 * 60 * 1000

/**
 * Gives each request the token that its developer chose. A token is used again for its session, as Access does: the
 * origin sees the same one on every request.
 */
export class DevAccessTokens {
  readonly #issuer: AccessIssuer
  readonly #tokens = new Map<string, { readonly token: Promise<string>; readonly until: number }>()

  constructor(issuer: AccessIssuer) {
    this.#issuer = issuer
  }

  /**
   * @param certificate - the client's, when it was verified
   * @returns the token, or `undefined` for none
   * @throws RefusedByEdge for `certificate` without one
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
