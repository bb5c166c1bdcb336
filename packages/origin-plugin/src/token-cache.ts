import type { AccessIdentity } from './access-identity.ts'

/** Remembers tokens that were verified. */
export interface TokenCache {
  /**
   * Whom a token names, if this very token was verified under the keys that are now in use, and has not expired.
   *
   * @param keySet - the keys that are now in use: the same object for as long as they are the same
   * @param now - seconds since the epoch
   */
  get(token: string, keySet: object, now: number): AccessIdentity | undefined
  /** @param expires - seconds since the epoch up to which the token is accepted */
  set(token: string, keySet: object, expires: number, identity: AccessIdentity): void
}

/** An entry holds a token and its claims: some 3 kB. */
export const MAX_TOKENS = 5_000

/** Enough characters of the signature to tell tokens apart, few enough to hash in no time. */
const KEY_LENGTH = 32

interface Entry {
  readonly token: string
  readonly keySet: object
  readonly expires: number
  readonly identity: AccessIdentity
}

/**
 * Makes a cache of verified tokens. It is looked up by the token's last characters, and then compared in full: a signature's
 * last characters can be copied, the whole token cannot be changed.
 *
 * @param maxEntries - the oldest entry goes when there are more
 */
export function createTokenCache(maxEntries: number): TokenCache {
  const entries = new Map<string, Entry>()
  return {
    get(token, keySet, now) {
      const entry = entries.get(token.slice(-KEY_LENGTH))
      return entry && entry.keySet === keySet && entry.token === token && now < entry.expires
        ? entry.identity
        : undefined
    },
    set(token, keySet, expires, identity) {
      const key = token.slice(-KEY_LENGTH)
      entries.delete(key)
      entries.set(key, { token, keySet, expires, identity })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}
