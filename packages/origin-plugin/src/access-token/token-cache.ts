import type { AccessIdentity } from './access-identity.ts'
import type { KeySet } from './key-set.ts'

/** A verified token. */
export interface KnownToken {
  readonly token: string
  /** The key set in use when its verification began; `undefined` without usable keys. */
  readonly keySet: KeySet | undefined
  /** Seconds since the epoch until which the token is accepted. */
  readonly expires: number
  /** The identity that the token names. */
  readonly identity: AccessIdentity
}

/** Caches verified tokens. */
export interface TokenCache {
  /** The verification of exactly this token. The caller checks its expiry and its key set. */
  get(token: string): KnownToken | undefined
  /** Stores a verification, from the second verification of the same token on. */
  set(known: KnownToken): void
}

/** An entry holds a token and its claims, some 3 kB. */
export const MAX_TOKENS = 5_000

/** Enough characters of the signature to tell tokens apart. Hashing a whole token takes 1.65 µs, these 0.28 µs. */
const KEY_LENGTH = 32

/** The number of marks, for tokens seen once. A power of two, and enough that few tokens in use share a mark. */
const MARKS = 65_536
/** Letters of base64url for a mark of 30 bits. They end before the last letter, whose bits are not all used. */
const MARK_LETTERS = 5

/**
 * Makes a cache of verified tokens. The key is the last characters of a token, and then the whole token is compared: an
 * attacker can copy the end of a signature, but an equal token is the verified one.
 *
 * A token seen once leaves only a mark. Keeping it would cost the garbage collector a fifth of the verification,
 * and would evict a token that is used again. The marks are a small Bloom-like table: one slot a token, overwritten by
 * the next token with that slot. A token that finds another's mark is cached the first time, which does no harm.
 *
 * @param maxEntries - beyond it the oldest entry is dropped
 */
export function createTokenCache(maxEntries: number): TokenCache {
  const entries = new Map<string, KnownToken>()
  const marks = new Uint32Array(MARKS)

  function seenBefore(token: string): boolean {
    const mark = markOf(token)
    const at = mark & (MARKS - 1)
    const before = marks[at] === mark
    marks[at] = mark
    return before
  }

  return {
    get(token) {
      const known = entries.get(token.slice(-KEY_LENGTH))
      return known?.token === token ? known : undefined
    },
    set(known) {
      if (!seenBefore(known.token)) return
      const key = known.token.slice(-KEY_LENGTH)
      entries.delete(key)
      entries.set(key, known)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}

function markOf(token: string): number {
  let mark = 1
  for (let at = token.length - 1 - MARK_LETTERS; at < token.length - 1; at += 1)
    mark = (mark << 6) | (token.charCodeAt(at) & 63)
  return mark >>> 0
}
