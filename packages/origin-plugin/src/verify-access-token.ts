import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { JOSEError, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors'
import { type AccessIdentity, readAccessIdentity } from './access-identity.ts'
import { isCountersignError, refusal } from './errors.ts'
import { invalidToken } from './invalid-token.ts'
import { type ExpectedClaims, requireClaims } from './require-claims.ts'
import { type VerifiedJws, verifyJws } from './verify-jws.ts'

/** What an Access token is verified against. */
export interface AccessVerifier extends ExpectedClaims {
  readonly keys: JWTVerifyGetKey
}

/**
 * Verifies a Cloudflare Access application token.
 *
 * In order: `RS256` and no other algorithm, a key of the team, the signature, `typ`, `iss`, `aud`, `exp`, `nbf` when it is
 * there (service tokens have none), `type: "app"` (the team-wide `org` token is not for applications), and that it names
 * somebody.
 *
 * @param token - the value of `Cf-Access-Jwt-Assertion`
 * @param now - seconds since the epoch
 * @throws CountersignError `CSN_ACCESS_TOKEN_MISSING`, `_INVALID`, `_EXPIRED`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 * @see {@link https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/ Cloudflare: validate JWTs}
 */
export async function verifyAccessToken(
  token: string | undefined,
  verifier: AccessVerifier,
  now: number,
): Promise<AccessIdentity> {
  if (token === undefined) throw refusal('CSN_ACCESS_TOKEN_MISSING', 'there is no Cf-Access-Jwt-Assertion header')
  const { header, payload } = await verifySignature(token, verifier.keys)
  // A key may sign tokens of other types (RFC 8725, section 3.11); Access' own say JWT, or might say nothing.
  if (header.typ !== undefined && !isJwt(header.typ)) throw invalidToken('the token has another typ than JWT')
  requireClaims(payload, verifier, now)
  if (payload.type !== 'app') throw invalidToken('the token is not of type "app"')
  const identity = readAccessIdentity(payload as JWTPayload)
  if (!identity) throw invalidToken('the token has neither email nor common_name')
  return identity
}

const isJwt = (typ: unknown) => typeof typ === 'string' && typ.toUpperCase() === 'JWT'

async function verifySignature(token: string, keys: JWTVerifyGetKey): Promise<VerifiedJws> {
  try {
    return await verifyJws(token, keys)
  } catch (error) {
    throw refusalFor(error)
  }
}

/** jose's codes for a token whose key is not among those of the team; every other failure is one of the keys. */
const TOKEN_FAULTS: ReadonlySet<string> = new Set([JWKSNoMatchingKey.code, JWKSMultipleMatchingKeys.code])

function refusalFor(error: unknown) {
  if (isCountersignError(error)) return error
  if (error instanceof JOSEError && TOKEN_FAULTS.has(error.code)) return invalidToken(error.message)
  return refusal(
    'CSN_ACCESS_KEYS_UNAVAILABLE',
    error instanceof Error ? error.message : 'the keys could not be fetched',
  )
}
