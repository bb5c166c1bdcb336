import { randomBytes } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Identity } from '../pki/issue-certificate.ts'
import { type AccessLogin, buildLoginClaims, type LoginCertificate } from './login-claims.ts'
import { type AccessCerts, type AccessKey, formatAccessCerts, issueAccessIdentity, toAccessKey } from './team-keys.ts'

const TEAM_DOMAIN = 'countersign-dev.cloudflareaccess.com'

/** Access's default session: 24 hours, in seconds. */
const SESSION = 24 * 60 * 60

/** What a token is to say. */
export interface TokenTemplate {
  readonly as: AccessLogin
  /** The certificate that a token as `certificate` names. */
  readonly certificate?: LoginCertificate | undefined
  /** Claims to add or to replace; `undefined` removes one. */
  readonly claims?: JWTPayload | undefined
  /** Seconds from now to `exp`, negative for a token that has expired. The default is 24 hours. */
  readonly expiresIn?: number | undefined
  readonly audience?: string | readonly string[] | undefined
  readonly issuer?: string | undefined
}

/** What stays the same of a team between runs. */
export interface AccessTeam {
  /** The key that it signs with, and a certificate over it. */
  readonly identity: Identity
  /** The application's audience tag. */
  readonly audience: string
}

/** Makes a team with a key and an audience of its own. */
export async function createAccessTeam(): Promise<AccessTeam> {
  return { identity: await issueAccessIdentity(TEAM_DOMAIN), audience: randomBytes(32).toString('hex') }
}

/** A Cloudflare Access team with one application. */
export class AccessIssuer {
  readonly issuer: string = `https://${TEAM_DOMAIN}`
  /** The application's audience tag. */
  readonly audience: string
  /** Newest first; never more than two, as with Cloudflare. */
  #keys: readonly [AccessKey, ...AccessKey[]]

  private constructor(key: AccessKey, audience: string) {
    this.#keys = [key]
    this.audience = audience
  }

  /** The team that was kept, or a new one. */
  static async create(kept?: AccessTeam): Promise<AccessIssuer> {
    const { identity, audience } = kept ?? (await createAccessTeam())
    return new AccessIssuer(await toAccessKey(identity), audience)
  }

  /** Signs with a new key from now on. The previous one stays listed, the one before it goes. */
  async rotateKeys(): Promise<void> {
    const key = await toAccessKey(await issueAccessIdentity(TEAM_DOMAIN))
    this.#keys = [key, this.#keys[0]]
  }

  /** The id of the key that signs. */
  get kid(): string {
    return this.#keys[0].kid
  }

  certs(): AccessCerts {
    return formatAccessCerts(this.#keys)
  }

  async sign(template: TokenTemplate): Promise<string> {
    const { as, certificate, claims, expiresIn = SESSION, audience = this.audience, issuer = this.issuer } = template
    const now = Math.floor(Date.now() / 1000)
    // An expired token was issued before it expired.
    const issuedAt = expiresIn > 0 ? now : now + expiresIn - SESSION
    const [{ kid, privateKey }] = this.#keys
    return new SignJWT({
      type: 'app',
      aud: [audience].flat() as string[],
      iss: issuer,
      iat: issuedAt,
      exp: now + expiresIn,
      ...buildLoginClaims(as, issuedAt, certificate),
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .sign(privateKey)
  }
}
