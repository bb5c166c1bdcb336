/** A set of nonces that is small in memory and that the garbage collector does not walk. */
export interface NonceSet {
  readonly size: number
  has(nonce: Nonce): boolean
  add(nonce: Nonce): void
}

/** A nonce of 128 bits, in four words. */
export type Nonce = Uint32Array

const WORDS = 4
/** Each shard grows by itself, so that no request waits for a million nonces to be moved. */
const SHARDS = 256
const FIRST_CAPACITY = 16

/**
 * Makes a set of nonces: open tables of their bytes, at most three quarters full.
 *
 * A `Set` of texts takes some 100 bytes for each, and the header that the text was cut out of besides: 900 bytes in all.
 * This takes 21 to 43. The edge chose the nonces at random and signed them: nobody else can make them collide.
 */
export function createNonceSet(): NonceSet {
  const shards = Array.from({ length: SHARDS }, () => createShard())
  const shardOf = (nonce: Nonce) => shards[(nonce[1] as number) % SHARDS] as Shard
  let size = 0
  return {
    get size() {
      return size
    },
    has: (nonce) => shardOf(nonce).has(nonce),
    add(nonce) {
      if (shardOf(nonce).add(nonce)) size += 1
    },
  }
}

interface Shard {
  has(nonce: Nonce): boolean
  /** @returns whether it was not there yet */
  add(nonce: Nonce): boolean
}

function createShard(): Shard {
  let table = new Uint32Array(FIRST_CAPACITY * WORDS)
  let size = 0

  function grow(): void {
    const old = table
    table = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += WORDS) {
      const nonce = old.subarray(at, at + WORDS)
      if (isTaken(old, at)) table.set(nonce, find(table, nonce))
    }
  }

  return {
    has: (nonce) => isTaken(table, find(table, nonce)),
    add(nonce) {
      const at = find(table, nonce)
      if (isTaken(table, at)) return false
      table.set(nonce, at)
      size += 1
      if (size * WORDS > table.length * 0.75) grow()
      return true
    },
  }
}

/** Where the nonce is, or the free place where it belongs. */
function find(table: Uint32Array, nonce: Nonce): number {
  let at = ((nonce[0] as number) * WORDS) % table.length
  while (isTaken(table, at) && !isAt(table, at, nonce)) at = (at + WORDS) % table.length
  return at
}

function isAt(table: Uint32Array, at: number, nonce: Nonce): boolean {
  return (
    table[at] === nonce[0] && table[at + 1] === nonce[1] && table[at + 2] === nonce[2] && table[at + 3] === nonce[3]
  )
}

/** Zeros mark a free place. Of 2^128 nonces the one that is all zeros would be lost: see {@link parseNonce}. */
function isTaken(table: Uint32Array, at: number): boolean {
  return (table[at] || table[at + 1] || table[at + 2] || table[at + 3]) !== 0
}

/**
 * Makes a reader of nonces that always hands out the same words, changed.
 *
 * @returns reads 22 characters of base64url
 */
export function createNonceReader(): (text: string) => Nonce {
  const words = new Uint32Array(WORDS)
  const bytes = Buffer.from(words.buffer)
  return (text) => {
    bytes.write(text, 'base64url')
    // The nonce of zeros counts as the one after it.
    if (!isTaken(words, 0)) words[0] = 1
    return words
  }
}
