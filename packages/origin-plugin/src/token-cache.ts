import type { AccessIdentity } from './access-identity.ts'

/** A token that was verified. */
export interface KnownToken {
  readonly token: string
  /** The keys that were in use before it was verified; nothing when they came because of it. */
  readonly keySet: object | undefined
  /** Seconds since the epoch up to which it is accepted. */
  readonly expires: number
  /** Whom it names. */
  readonly identity: AccessIdentity
}

/** Remembers tokens that were verified. */
export interface TokenCache {
  /** What is known of this very token. Whether it {@link stillHolds} is another question. */
  get(token: string): KnownToken | undefined
  set(known: KnownToken): void
}

/** An entry holds a token and its claims: some 3 kB. */
export const MAX_TOKENS = 5_000

/** Enough characters of the signature to tell tokens apart, few enough to hash in no time. */
const KEY_LENGTH = 32

/**
 * Makes a cache of verified tokens. It is looked up by the token's last characters, and then compared in full: a signature's
 * last characters can be copied, the whole token cannot be changed.
 *
 * @param maxEntries - the oldest entry goes when there are more
 */
export function createTokenCache(maxEntries: number): TokenCache {
  const entries = new Map<string, KnownToken>()
  return {
    get(token) {
      const known = entries.get(token.slice(-KEY_LENGTH))
      return known?.token === token ? known : undefined
    },
    set(known) {
      const key = known.token.slice(-KEY_LENGTH)
      entries.delete(key)
      entries.set(key, known)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}

/**
 * Whether a token that was verified would be verified again: the keys are the same, and it has not expired.
 *
 * @param keySet - the keys that are now in use: the same object for as long as they are the same
 * @param now - seconds since the epoch
 */
export function stillHolds(known: KnownToken, keySet: object | undefined, now: number): boolean {
  return keySet !== undefined && known.keySet === keySet && now < known.expires
}
