import type { JWTPayload } from 'jose'
import { refusalAt } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import { andThen } from '../lib/and-then.ts'
import { quoteValue } from '../lib/quote-value.ts'
import { type AccessIdentity, readAccessIdentity } from './access-identity.ts'
import type { TokenKeys } from './key-set.ts'
import { type ExpectedClaims, requireClaims } from './require-claims.ts'
import { verifyJws } from './verify-jws.ts'

const refuse = refusalAt('Access token')

/** The keys and the expected claims of Access tokens. */
export interface AccessVerifier extends ExpectedClaims, TokenKeys {}

/**
 * Verifies a Cloudflare Access application token.
 *
 * It checks in this order:
 * 1. The algorithm is `RS256`.
 * 2. The key is one of the team's, and the signature verifies.
 * 3. `typ`, `iss` and `aud` are the expected ones.
 * 4. The time lies between `nbf`, if it is present (service tokens have none), and `exp`.
 * 5. `type` is `app`. The team-wide `org` token is not for applications.
 * 6. The token names an identity.
 *
 * @param token - the value of `Cf-Access-Jwt-Assertion`
 * @param now - seconds since the epoch
 * @param facts - as in {@link verifyJws}
 * @returns without a promise, unless the key has to be found
 * @throws CountersignError `CSN_ACCESS_TOKEN_MISSING`, `_INVALID`, `_EXPIRED`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 * @see {@link https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/ Cloudflare: validate JWTs}
 */
export function verifyAccessToken(
  token: string | undefined,
  verifier: AccessVerifier,
  now: number,
  facts?: Facts,
): AccessIdentity | Promise<AccessIdentity> {
  if (token === undefined) throw refuse('CSN_ACCESS_TOKEN_MISSING', 'Cf-Access-Jwt-Assertion is missing')
  return andThen(verifyJws(token, verifier, facts), ({ header, payload }) => {
    // RFC 8725, section 3.11: a key may sign other kinds of tokens. The `typ` of an Access token is JWT, or may be
    // absent.
    if (header.typ !== undefined && !isJwt(header.typ))
      throw refuse('CSN_ACCESS_TOKEN_INVALID', `the typ of the token is ${quoteValue(header.typ)}, and not "JWT"`)
    requireClaims(payload, verifier, now)
    if (payload.type !== 'app') {
      throw refuse('CSN_ACCESS_TOKEN_INVALID', `the type of the token is ${quoteValue(payload.type)}, and not "app"`)
    }
    const identity = readAccessIdentity(payload as JWTPayload)
    if (!identity) throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the token has neither email nor common_name')
    return identity
  })
}

const isJwt = (typ: unknown) => typeof typ === 'string' && typ.toUpperCase() === 'JWT'
