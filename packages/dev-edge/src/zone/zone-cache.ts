import { headerValues, type RawHeaders } from '../net/raw-headers.ts'

/** An answer of the origin, whole. */
export interface StoredAnswer {
  readonly status: number
  readonly reason: string
  readonly headers: RawHeaders
  readonly body: Buffer
}

/** A stored answer and the seconds since it was stored. */
export interface FoundAnswer {
  readonly answer: StoredAnswer
  readonly age: number
}

interface Entry {
  readonly answer: StoredAnswer
  readonly storedAt: number
  readonly expiresAt: number
  readonly size: number
}

/** Bytes. Cloudflare stores up to 512 MB. */
const MAX_BODY = 8 * 1024 * 1024
/** Bytes of all entries together. */
const MAX_TOTAL = 64 * 1024 * 1024
/** Bytes that an entry takes in addition to its body, by estimate. */
const OVERHEAD = 2048

/** The cache of the zone: answers by URL, for every client. The oldest entries make room for new ones. */
export class ZoneCache {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number
  #total = 0

  /** @param now - returns milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The longest body that fits, in bytes. */
  get maxBody(): number {
    return MAX_BODY
  }

  now(): number {
    return this.#now()
  }

  /** Returns an answer that is still fresh and that the client can read, and `'expired'` for one that was fresh. */
  find(key: string, requestHeaders: RawHeaders): FoundAnswer | 'expired' | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (this.#now() >= entry.expiresAt) {
      this.#remove(key, entry)
      return 'expired'
    }
    if (!isReadable(entry.answer, requestHeaders)) return undefined
    return { answer: entry.answer, age: Math.floor((this.#now() - entry.storedAt) / 1000) }
  }

  /** Stores an answer in place of an earlier one. */
  store(key: string, answer: StoredAnswer, seconds: number): void {
    const size = answer.body.length + OVERHEAD
    const former = this.#entries.get(key)
    if (former) this.#remove(key, former)
    const storedAt = this.#now()
    this.#entries.set(key, { answer, storedAt, expiresAt: storedAt + seconds * 1000, size })
    this.#total += size
    for (const [oldest, entry] of this.#entries) {
      if (this.#total <= MAX_TOTAL) break
      this.#remove(oldest, entry)
    }
  }

  /** Forgets every answer. */
  purge(): void {
    this.#entries.clear()
    this.#total = 0
  }

  #remove(key: string, { size }: Entry): void {
    this.#entries.delete(key)
    this.#total -= size
  }
}

/**
 * The key of Cloudflare's cache: the whole URL, and the client's `Origin` for CORS. Nothing of the client's identity.
 *
 * @see {@link https://developers.cloudflare.com/cache/how-to/cache-keys/ Cloudflare: cache keys}
 */
export function cacheKey(target: string, headers: RawHeaders): string {
  const [host = ''] = headerValues(headers, 'host')
  return `https://${host.toLowerCase()}${target} ${headerValues(headers, 'origin').join()}`
}

/** Whether the client accepts the compression of a stored answer. Cloudflare would decompress it. */
function isReadable({ headers }: StoredAnswer, requestHeaders: RawHeaders): boolean {
  const [encoding = 'identity'] = headerValues(headers, 'content-encoding')
  return encoding === 'identity' || headerValues(requestHeaders, 'accept-encoding').join().includes(encoding)
}
