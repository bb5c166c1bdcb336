import { randomBytes } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Identity } from '../pki/issue-certificate.ts'
import { type AccessLogin, buildLoginClaims, type LoginCertificate } from './login-claims.ts'
import { type AccessCerts, type AccessKey, formatAccessCerts, issueAccessIdentity, toAccessKey } from './team-keys.ts'

const TEAM_DOMAIN = 'countersign-dev.cloudflareaccess.com'

/** Access's default session: 24 hours, in seconds. */
const SESSION = 24 * 60 * 60

/** The content of a token to sign. */
export interface TokenTemplate {
  readonly as: AccessLogin
  /** The certificate that a token as `certificate` names. Required for such a token. */
  readonly certificate?: LoginCertificate | undefined
  /** Claims to add or to replace. `undefined` removes a claim. */
  readonly claims?: JWTPayload | undefined
  /** Seconds from now to `exp`. Negative for an expired token. The default is 24 hours. */
  readonly expiresIn?: number | undefined
  readonly audience?: string | readonly string[] | undefined
  readonly issuer?: string | undefined
}

/** The part of a team that stays the same between runs. */
export interface AccessTeam {
  /** The signing key, and a certificate over it. */
  readonly identity: Identity
  /** The application's audience tag. */
  readonly audience: string
}

/** Creates a team with a key and an audience of its own. */
export async function createAccessTeam(): Promise<AccessTeam> {
  return { identity: await issueAccessIdentity(TEAM_DOMAIN), audience: randomBytes(32).toString('hex') }
}

/** A Cloudflare Access team with one application. */
export class AccessIssuer {
  readonly issuer: string = `https://${TEAM_DOMAIN}`
  /** The application's audience tag. */
  readonly audience: string
  /** Newest first. Never more than two, as with Cloudflare. */
  #keys: readonly [AccessKey, ...AccessKey[]]

  private constructor(key: AccessKey, audience: string) {
    this.#keys = [key]
    this.audience = audience
  }

  /** Uses the kept team, or creates one. */
  static async create(kept?: AccessTeam): Promise<AccessIssuer> {
    const { identity, audience } = kept ?? (await createAccessTeam())
    return new AccessIssuer(await toAccessKey(identity), audience)
  }

  /** Signs with a new key from now on. The previous key stays listed, older ones are dropped. */
  async rotateKeys(): Promise<void> {
    const key = await toAccessKey(await issueAccessIdentity(TEAM_DOMAIN))
    this.#keys = [key, this.#keys[0]]
  }

  /** The id of the signing key. */
  get kid(): string {
    return this.#keys[0].kid
  }

  certs(): AccessCerts {
    return formatAccessCerts(this.#keys)
  }

  async sign(template: TokenTemplate): Promise<string> {
    const { as, certificate, claims, expiresIn = SESSION, audience = this.audience, issuer = this.issuer } = template
    const now = Math.floor(Date.now() / 1000)
    // A token that has expired was issued one session before its expiry.
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
