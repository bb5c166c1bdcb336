import { refusalAt } from '../errors.ts'
import { quoteValue, quoteValues } from '../lib/quote-value.ts'

const refuse = refusalAt('Access token')

/** The expected values of a token's claims. */
export interface ExpectedClaims {
  readonly issuer: string
  readonly audience: readonly string[]
  /** Seconds by which the clocks may differ. */
  readonly clockTolerance: number
}

/**
 * Requires the registered claims of a token (RFC 7519, section 4.1). `iss`, `aud`, `iat` and `exp` must be present,
 * `iss` and one `aud` must be ours, and the time must lie between `nbf`, if it is present, and `exp`.
 *
 * @param now - seconds since the epoch
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or `CSN_ACCESS_TOKEN_EXPIRED`
 */
export function requireClaims(
  claims: Readonly<Record<string, unknown>>,
  { issuer, audience, clockTolerance }: ExpectedClaims,
  now: number,
): void {
  for (const claim of ['iss', 'aud', 'iat', 'exp']) {
    if (!Object.hasOwn(claims, claim)) throw refuse('CSN_ACCESS_TOKEN_INVALID', `the claim ${claim} is missing`)
  }
  if (claims.iss !== issuer) {
    throw refuse(
      'CSN_ACCESS_TOKEN_INVALID',
      `the claim iss is ${quoteValue(claims.iss)}, and not the issuer ${quoteValue(issuer)}`,
    )
  }
  const audiences: unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (!audience.some((own) => audiences.includes(own))) {
    throw refuse(
      'CSN_ACCESS_TOKEN_INVALID',
      `the claim aud is ${quoteValues(audiences, 1)}, and not access.audience ${quoteValues(audience, 1)}`,
    )
  }
  numericDate(claims, 'iat')
  const start = Object.hasOwn(claims, 'nbf') ? numericDate(claims, 'nbf') : Number.NEGATIVE_INFINITY
  const end = numericDate(claims, 'exp')
  const second = Math.floor(now)
  if (start > second + clockTolerance) {
    throw refuse(
      'CSN_ACCESS_TOKEN_INVALID',
      `the claim nbf is ${start - second} s in the future; compare the origin's clock with Cloudflare's`,
    )
  }
  if (end <= second - clockTolerance) {
    throw refuse('CSN_ACCESS_TOKEN_EXPIRED', `the claim exp is ${second - end} s in the past`)
  }
}

function numericDate(claims: Readonly<Record<string, unknown>>, claim: string): number {
  const value = claims[claim]
  if (typeof value !== 'number') throw refuse('CSN_ACCESS_TOKEN_INVALID', `the claim ${claim} is not a number`)
  return value
}
