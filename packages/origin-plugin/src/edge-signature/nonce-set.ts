/** A set of nonces that is small in memory and that the garbage collector does not walk. */
export interface NonceSet {
  readonly size: number
  has(nonce: Nonce): boolean
  /** @returns whether it was not there yet */
  add(nonce: Nonce): boolean
}

/** A nonce of 128 bits, in four words. */
export type Nonce = Uint32Array

const WORDS = 4
/** Each table grows by itself, so that no request waits for a million nonces to be moved. A power of two. */
const TABLES = 64
/** In nonces. A power of two: a place is found by masking. */
const FIRST_CAPACITY = 64

/**
 * Makes a set of nonces: open tables of their bytes, at most three quarters full.
 *
 * A `Set` of texts takes some 100 bytes for each, and the header that the text was cut out of besides: 900 bytes in all.
 * This takes 21 to 43. The edge chose the nonces at random and signed them: nobody else can make them collide.
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

/** Where a nonce is, or the free place where it belongs. The nonce lies in `words` from `start` on. */
function find(table: Uint32Array, words: Uint32Array, start: number): number {
  const mask = table.length - 1
  let at = ((words[start] as number) << 2) & mask
  while (isTaken(table, at) && !isSame(table, at, words, start)) at = (at + WORDS) & mask
  return at
}

// Word by word: a view of four words takes longer to make than all the rest.
function isSame(one: Uint32Array, at: number, other: Uint32Array, from: number): boolean {
  for (let word = 0; word < WORDS; word += 1) if (one[at + word] !== other[from + word]) return false
  return true
}

function copy(from: Uint32Array, start: number, to: Uint32Array, at: number): void {
  for (let word = 0; word < WORDS; word += 1) to[at + word] = from[start + word] as number
}

/** Zeros mark a free place. Of 2^128 nonces the one that is all zeros would be lost: see {@link createNonceReader}. */
function isTaken(table: Uint32Array, at: number): boolean {
  return (
    ((table[at] as number) | (table[at + 1] as number) | (table[at + 2] as number) | (table[at + 3] as number)) !== 0
  )
}

const WORD_BITS = 32
/** What the letters of base64url stand for (RFC 4648, section 5), by their codes. */
const SEXTETS = new Uint8Array(128)
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  SEXTETS[letter.charCodeAt(0)] = value
}

/**
 * Makes a reader of nonces that always hands out the same words, changed.
 *
 * @returns reads 22 characters of base64url
 */
export function createNonceReader(): (text: string) => Nonce {
  const words = new Uint32Array(WORDS)
  return (text) => {
    // By hand: a call of Buffer leaves JavaScript, which costs a loaded server more than all the rest.
    let word = 0
    let bits = 0
    let room = WORD_BITS
    for (let at = 0; at < text.length; at += 1) {
      const sextet = SEXTETS[text.charCodeAt(at)] as number
      room -= 6
      if (room > 0) {
        bits = (bits << 6) | sextet
        continue
      }
      // The word is full, and the last bits of this letter begin the next one: four are left over in the end.
      words[word] = (bits << (room + 6)) | (sextet >>> -room)
      word += 1
      bits = sextet
      room += WORD_BITS
    }
    // The nonce of zeros counts as the one after it.
    if (!isTaken(words, 0)) words[0] = 1
    return words
  }
}
