/** A set of nonces. It is small in memory, and the garbage collector does not walk it. */
export interface NonceSet {
  readonly size: number
  has(nonce: Nonce): boolean
  /** @returns `full` only for nonces that are not random: see {@link createNonceSet} */
  add(nonce: Nonce): 'added' | 'known' | 'full'
}

/** A nonce of 128 bits, in four words of 32. */
export type Nonce = Uint32Array

export const WORDS = 4
/** Slots of one table. A power of two, since a slot is found by masking. */
const SLOTS = 2048
/** Nonces of one table, on average. A table that is about to be split has up to twice as many. */
const AVERAGE = SLOTS * 0.4

interface Table {
  /** The slots, with open addressing. */
  readonly words: Uint32Array
  used: number
}

/**
 * Makes a set of nonces: hash tables of one size, whose number grows one by one (linear hashing, Litwin 1980).
 *
 * The edge chose the nonces at random and signed them. So no table is ever full: it would have to get ten standard
 * deviations more than the others. An attacker cannot make nonces collide, and nonces of another kind are refused.
 *
 * The plain form is a `Set` of strings. It takes some 100 bytes a nonce, and keeps the header that the string was cut
 * from: 900 bytes in all. This takes 40. A table that doubles takes 21 to 43, moves all of its nonces in one request,
 * and leaves itself to the garbage collector: an origin in full answers 2 % fewer requests with it (medians of 5 rounds,
 * -2 to 4 %).
 */
export function createNonceSet(): NonceSet {
  const tables: Table[] = [createTable()]
  /** The largest power of two that is not more than the number of tables. */
  let base = 1
  let size = 0

  /** The tables from `base` on have the nonces of those before, as far as these are split. */
  function tableOf(words: Uint32Array, start: number): Table {
    const name = words[start + 1] as number
    return (tables[name & (2 * base - 1)] ?? tables[name & (base - 1)]) as Table
  }

  /** Adds a table, and moves half the nonces of another one to it. */
  function split(): void {
    const table = tables[tables.length - base] as Table
    tables.push(createTable())
    MOVED.set(table.words)
    table.words.fill(0)
    table.used = 0
    for (let at = 0; at < MOVED.length; at += WORDS) {
      if (!isTaken(MOVED, at)) continue
      const target = tableOf(MOVED, at)
      insert(target, find(target.words, MOVED, at), MOVED, at)
    }
    if (tables.length === 2 * base) base = tables.length
  }

  return {
    get size() {
      return size
    },
    has(nonce) {
      if (size === 0) return false
      const { words } = tableOf(nonce, 0)
      return isTaken(words, find(words, nonce, 0))
    },
    add(nonce) {
      const table = tableOf(nonce, 0)
      const at = find(table.words, nonce, 0)
      if (isTaken(table.words, at)) return 'known'
      // A look-up ends at an empty slot.
      if (table.used === SLOTS - 1) return 'full'
      insert(table, at, nonce, 0)
      size += 1
      if (size > tables.length * AVERAGE) split()
      return 'added'
    },
  }
}

/** The nonces of the table that is split. Nothing interrupts a split, so all sets share it. */
const MOVED = new Uint32Array(SLOTS * WORDS)

const createTable = (): Table => ({ words: new Uint32Array(SLOTS * WORDS), used: 0 })

/** Copies a nonce, which begins at `start` in `words`, to the empty slot at an offset of a table. */
function insert(table: Table, at: number, words: Uint32Array, start: number): void {
  for (let word = 0; word < WORDS; word += 1) table.words[at + word] = words[start + word] as number
  table.used += 1
}

/** The offset of a nonce in a table, or of the empty slot for it. The nonce begins at `start` in `words`. */
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

/** An all-zero slot is empty, so the all-zero nonce is stored as 1: see `createNonceReader`. */
export function isTaken(table: Uint32Array, at: number): boolean {
  for (let word = 0; word < WORDS; word += 1) if (table[at + word] !== 0) return true
  return false
}
