import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose'

/** The team's `iss`. */
export const ISSUER = 'https://acme.cloudflareaccess.com'
/** The application's `aud`. */
export const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'

/** Claims that differ from a user's. `undefined` removes a claim. */
export type ClaimOverrides = Readonly<Record<string, unknown>>

/** An Access team with one key. */
export interface TestTeam {
  readonly jwks: JSONWebKeySet
  readonly publicPem: string
  /** Signs a token: a user's, except for the overrides. */
  token(claims?: ClaimOverrides, header?: Readonly<Record<string, unknown>>): Promise<string>
}

const now = () => Math.floor(Date.now() / 1000)

/** The claims of a user just after the login. */
export const userClaims = (): JWTPayload => ({
  aud: [AUDIENCE],
  email: 'jane@acme.example',
  exp: now() + 3600,
  iat: now(),
  nbf: now(),
  iss: ISSUER,
  type: 'app',
  identity_nonce: 'abc',
  sub: '7335d417-61da-459d-899c-0a01c76a2f94',
  country: 'US',
})

/** Turns a user's claims into those of a service token, which has neither `nbf` nor `email`. */
export const serviceClaims = (commonName = 'e367826f93b8d71185e03fe518aff3b4.access'): ClaimOverrides => ({
  email: undefined,
  nbf: undefined,
  identity_nonce: undefined,
  sub: '',
  common_name: commonName,
})

/** Creates a team with a new RSA key. */
export async function createTestTeam(kid = 'access-1'): Promise<TestTeam> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return {
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] },
    publicPem: await exportSPKI(publicKey),
    token: (claims = {}, header = {}) =>
      new SignJWT(JSON.parse(JSON.stringify({ ...userClaims(), ...claims })))
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT', ...header })
        .sign(privateKey),
  }
}
