import { andThen } from '../lib/and-then.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { ResolvedAccess } from './access-options.ts'
import type { KeySet } from './key-set.ts'
import type { KnownToken } from './token-cache.ts'
import { verifyAccessToken } from './verify-access-token.ts'

/**
 * Returns the cached verification while the token has not expired and the key set is unchanged. Otherwise verifies.
 *
 * @param cached - the verification of this client's last token, if there is one. It saves the look-up
 * @param now - seconds since the epoch
 * @returns without a promise, unless the key has to be found
 * @throws CountersignError as {@link verifyAccessToken}
 */
export function verifyKnownToken(
  token: string | undefined,
  access: ResolvedAccess,
  now: number,
  cached: KnownToken | undefined,
): KnownToken | Promise<KnownToken> {
  const keySet = access.keySet()
  const known = cached?.token === token ? cached : token === undefined ? undefined : access.tokens.get(token)
  if (known && isStillValid(known, keySet, now)) return known

  return andThen(verifyAccessToken(token, access, now), (identity) => {
    const expires = (identity.claims.exp as number) + access.clockTolerance
    const verified = { token: token as string, keySet, expires, identity: deepFreeze(identity) }
    // A refetch during the verification replaced the key set, so the entry would never be valid.
    if (keySet && keySet === access.keySet()) access.tokens.set(verified)
    return verified
  })
}

/**
 * Whether a verification would succeed again: the key set is the same object, and the token has not expired.
 *
 * @param keySet - the key set in use
 * @param now - seconds since the epoch
 */
export function isStillValid(known: KnownToken, keySet: KeySet | undefined, now: number): boolean {
  return keySet !== undefined && known.keySet === keySet && now < known.expires
}
