import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type AccessIdentity, readAccessIdentity } from './access-identity.ts'
import { isCountersignError, refusal } from './errors.ts'

/** What an Access token is verified against. */
export interface AccessVerifier {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly keys: JWTVerifyGetKey
  /** Seconds by which the clocks may differ. */
  readonly clockTolerance: number
}

/**
 * Verifies a Cloudflare Access application token.
 *
 * In order: `RS256` and no other algorithm, a key of the team, `iss`, `aud`, `exp`, `nbf` when it is there (service tokens
 * have none), `type: "app"` (the team-wide `org` token is not for applications), and that it names somebody.
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
  const claims = await verifyJwt(token, verifier, now)
  if (claims.type !== 'app') throw refusal('CSN_ACCESS_TOKEN_INVALID', 'the token is not of type "app"')
  const identity = readAccessIdentity(claims)
  if (!identity) throw refusal('CSN_ACCESS_TOKEN_INVALID', 'the token has neither email nor common_name')
  return identity
}

async function verifyJwt(token: string, verifier: AccessVerifier, now: number): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, verifier.keys, {
      algorithms: ['RS256'],
      issuer: verifier.issuer,
      audience: [...verifier.audience],
      requiredClaims: ['exp', 'iat'],
      clockTolerance: verifier.clockTolerance,
      currentDate: new Date(now * 1000),
    })
    // A key may sign tokens of other types (RFC 8725, section 3.11); Access' own say JWT, or might say nothing.
    if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT') {
      throw refusal('CSN_ACCESS_TOKEN_INVALID', 'the token has another typ than JWT')
    }
    return payload
  } catch (error) {
    throw refusalFor(error)
  }
}

/** jose's codes that speak of the token; every other failure is one of the keys. */
const TOKEN_FAULTS: ReadonlySet<string> = new Set([
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTInvalid.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
])

function refusalFor(error: unknown) {
  if (isCountersignError(error)) return error
  if (error instanceof errors.JWTExpired) return refusal('CSN_ACCESS_TOKEN_EXPIRED', error.message)
  if (error instanceof errors.JOSEError && TOKEN_FAULTS.has(error.code)) {
    // jose's messages name claims and algorithms and never quote a token.
    return refusal('CSN_ACCESS_TOKEN_INVALID', error.message)
  }
  return refusal(
    'CSN_ACCESS_KEYS_UNAVAILABLE',
    error instanceof Error ? error.message : 'the keys could not be fetched',
  )
}
