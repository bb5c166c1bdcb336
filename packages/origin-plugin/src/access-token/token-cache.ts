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
  /** Tells of a token that was verified. It is remembered from the second time on. */
  set(known: KnownToken): void
}

/** An entry holds a token and its claims: some 3 kB. */
export const MAX_TOKENS = 5_000

/** Enough characters of the signature to tell tokens apart, few enough to hash in no time. */
const KEY_LENGTH = 32

/** Marks of tokens that came once: a power of two, and enough that few tokens in use share one. */
const MARKS = 65_536
/** Letters of base64url for a mark of 30 bits, from in front of the last one, whose bits are not all used. */
const MARK_LETTERS = 5

/**
 * Makes a cache of verified tokens. It is looked up by the token's last characters, and then compared in full: a signature's
 * last characters can be copied, the whole token cannot be changed.
 *
 * A token that comes once leaves a mark and nothing else: to keep it would cost the garbage collector a fifth of what its
 * verification costs, and push out a token that comes again.
 *
 * @param maxEntries - the oldest entry goes when there are more
 */
export function createTokenCache(maxEntries: number): TokenCache {
  const entries = new Map<string, KnownToken>()
  const marks = new Uint32Array(MARKS)

  function cameBefore(token: string): boolean {
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
      if (!cameBefore(known.token)) return
      const key = known.token.slice(-KEY_LENGTH)
      entries.delete(key)
      entries.set(key, known)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}

/** Another token with the same mark is remembered the first time, which does no harm. */
function markOf(token: string): number {
  let mark = 1
  for (let at = token.length - 1 - MARK_LETTERS; at < token.length - 1; at += 1)
    mark = (mark << 6) | (token.charCodeAt(at) & 63)
  return mark >>> 0
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
