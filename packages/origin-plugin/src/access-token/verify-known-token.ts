import type { Facts } from '../facts/facts.ts'
import { andThen } from '../lib/and-then.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { AccessIdentity } from './access-identity.ts'
import type { ResolvedAccess } from './access-options.ts'
import type { KeySet } from './key-set.ts'
import { verifyAccessToken } from './verify-access-token.ts'

/** A verified token. */
export interface KnownToken {
  readonly token: string
  /** The key set in use when its verification began; `undefined` without usable keys. */
  readonly keySet: KeySet | undefined
  /** Seconds since the epoch between which the token is accepted. */
  readonly starts: number
  readonly expires: number
  /** The identity that the token names. */
  readonly identity: AccessIdentity
}

/**
 * Returns the cached verification while the token is valid and the key set is unchanged. Otherwise verifies.
 *
 * @param cached - the verification of this client's last token, if there is one
 * @param now - seconds since the epoch
 * @param facts - as in {@link verifyAccessToken}
 * @returns without a promise, unless the key has to be found
 * @throws CountersignError as {@link verifyAccessToken}
 */
export function verifyKnownToken(
  token: string | undefined,
  access: ResolvedAccess,
  now: number,
  cached: KnownToken | undefined,
  facts?: Facts,
): KnownToken | Promise<KnownToken> {
  const keySet = access.keySet()
  if (cached && cached.token === token && isStillValid(cached, keySet, now)) return cached

  return andThen(verifyAccessToken(token, access, now, facts), (identity) => {
    const { exp, nbf } = identity.claims
    const expires = (exp as number) + access.clockTolerance
    // A verification compares whole seconds.
    const starts = nbf === undefined ? Number.NEGATIVE_INFINITY : Math.ceil(nbf - access.clockTolerance)
    return { token: token as string, keySet, starts, expires, identity: deepFreeze(identity) }
  })
}

/**
 * Whether a verification would succeed again: the key set is the same object, and the token is valid. A clock can be set
 * back, to a time before the token.
 *
 * @param keySet - the key set in use
 * @param now - seconds since the epoch
 */
export function isStillValid(known: KnownToken, keySet: KeySet | undefined, now: number): boolean {
  return keySet !== undefined && known.keySet === keySet && known.starts <= now && now < known.expires
}
