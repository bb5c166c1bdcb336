/** A set of nonces. It is small in memory, and the garbage collector does not walk it. */
export interface NonceSet {
  readonly size: number
  has(nonce: Nonce): boolean
  /** @returns whether the nonce is new */
  add(nonce: Nonce): boolean
}

/** A nonce of 128 bits, in four words of 32. */
export type Nonce = Uint32Array

export const WORDS = 4
/** Each table grows on its own, so that no request waits for a million nonces to move. A power of two. */
const TABLES = 64
/** In nonces. A power of two, since a slot is found by masking. */
const FIRST_CAPACITY = 64

/**
 * Makes a set of nonces: hash tables of their bytes with open addressing, at most three quarters full.
 *
 * The plain form is a `Set` of strings. It takes some 100 bytes a nonce, and keeps the header that the string was cut
 * from: 900 bytes in all. This takes 21 to 43. The edge chose the nonces at random and signed them, so an attacker
 * cannot make them collide.
 */
export function createNonceSet(): NonceSet {
  const tables = Array.from({ length: TABLES }, () => new Uint32Array(FIRST_CAPACITY * WORDS))
  const sizes = new Uint32Array(TABLES)
  const tableOf = (nonce: Nonce) => (nonce[1] as number) & (TABLES - 1)
  let size = 0
  return {
    get size() {
      return size
    },
    has(nonce) {
      if (size === 0) return false
      const table = tables[tableOf(nonce)] as Uint32Array
      return isTaken(table, find(table, nonce, 0))
    },
    add(nonce) {
      const which = tableOf(nonce)
      const table = tables[which] as Uint32Array
      const at = find(table, nonce, 0)
      if (isTaken(table, at)) return false
      copy(nonce, 0, table, at)
      size += 1
      sizes[which] = (sizes[which] as number) + 1
      if ((sizes[which] as number) * WORDS > table.length * 0.75) tables[which] = grown(table)
      return true
    },
  }
}

function grown(table: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(table.length * 2)
  for (let at = 0; at < table.length; at += WORDS) {
    if (isTaken(table, at)) copy(table, at, larger, find(larger, table, at))
  }
  return larger
}

/** The offset of a nonce in the table, or of the empty slot for it. The nonce begins at `start` in `words`. */
function find(table: Uint32Array, words: Uint32Array, start: number): number {
  const mask = table.length - 1
  let at = ((words[start] as number) << 2) & mask
  while (isTaken(table, at) && !isSame(table, at, words, start)) at = (at + WORDS) & mask
  return at
}

// Word by word, because making a view of four words takes longer than the comparison.
function isSame(one: Uint32Array, at: number, other: Uint32Array, from: number): boolean {
  for (let word = 0; word < WORDS; word += 1) if (one[at + word] !== other[from + word]) return false
  return true
}

function copy(from: Uint32Array, start: number, to: Uint32Array, at: number): void {
  for (let word = 0; word < WORDS; word += 1) to[at + word] = from[start + word] as number
}

/** An all-zero slot is empty, so the all-zero nonce is stored as 1: see `createNonceReader`. */
export function isTaken(table: Uint32Array, at: number): boolean {
  for (let word = 0; word < WORDS; word += 1) if (table[at + word] !== 0) return true
  return false
}
