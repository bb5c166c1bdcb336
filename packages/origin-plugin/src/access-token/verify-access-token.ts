import type { JWTPayload } from 'jose'
import { refusalAt } from '../errors.ts'
import { andThen } from '../lib/and-then.ts'
import { type AccessIdentity, readAccessIdentity } from './access-identity.ts'
import type { TokenKeys } from './key-set.ts'
import { type ExpectedClaims, requireClaims } from './require-claims.ts'
import { verifyJws } from './verify-jws.ts'

const refuse = refusalAt('Access token')

/** What an Access token is verified against. */
export interface AccessVerifier extends ExpectedClaims, TokenKeys {}

/**
 * Verifies a Cloudflare Access application token.
 *
 * In order: `RS256` and no other algorithm, a key of the team, the signature, `typ`, `iss`, `aud`, `exp`, `nbf` when it is
 * there (service tokens have none), `type: "app"` (the team-wide `org` token is not for applications), and that it names
 * somebody.
 *
 * @param token - the value of `Cf-Access-Jwt-Assertion`
 * @param now - seconds since the epoch
 * @returns at once, unless the key has to be found
 * @throws CountersignError `CSN_ACCESS_TOKEN_MISSING`, `_INVALID`, `_EXPIRED`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 * @see {@link https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/ Cloudflare: validate JWTs}
 */
export function verifyAccessToken(
  token: string | undefined,
  verifier: AccessVerifier,
  now: number,
): AccessIdentity | Promise<AccessIdentity> {
  if (token === undefined) throw refuse('CSN_ACCESS_TOKEN_MISSING', 'there is no Cf-Access-Jwt-Assertion header')
  return andThen(verifyJws(token, verifier), ({ header, payload }) => {
    // A key may sign tokens of other types (RFC 8725, section 3.11); Access' own say JWT, or might say nothing.
    if (header.typ !== undefined && !isJwt(header.typ))
      throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the token has another typ than JWT')
    requireClaims(payload, verifier, now)
    if (payload.type !== 'app') throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the token is not of type "app"')
    const identity = readAccessIdentity(payload as JWTPayload)
    if (!identity) throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the token has neither email nor common_name')
    return identity
  })
}

const isJwt = (typ: unknown) => typeof typ === 'string' && typ.toUpperCase() === 'JWT'
