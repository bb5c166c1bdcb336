/** A set of digests of a bounded size. It is small in memory, and the garbage collector does not walk it. */
export interface DigestSet {
  has(digest: Digest): boolean
  /** Stores a digest, in place of the oldest ones if the set is full. */
  add(digest: Digest): void
}

/** 32 bytes, each of them a character. */
export type Digest = string

/** A digest takes eight words of 32 bits. */
const WORDS = 8
const BYTES_OF_WORD = 4

/** A full set drops this part of its digests at once. A look-up of an unknown digest visits all generations. */
const GENERATIONS = 8

/** The share of taken slots from which a look-up needs more than a few steps. */
const MOST_TAKEN = 0.8

/**
 * Makes a set of digests: hash tables with open addressing, in generations.
 *
 * The youngest generation takes new digests until it is full. Then an empty one takes its place, and the eldest is
 * dropped as a whole. So no request waits for a table to grow, and memory is taken as it is needed.
 *
 * The facts of a client were learnt together, so a look-up begins in the generation of the last one that was found.
 *
 * The plain form is a `Set` of strings. It takes 110 bytes a digest, where this takes 40 to 80, and the garbage collector
 * walks it. With as few slots as possible a digest takes 43 bytes, and its look-up half as long again.
 *
 * @param maxDigests - the most digests to hold. With 0 the set stays empty
 */
export function createDigestSet(maxDigests: number): DigestSet {
  const most = Math.min(GENERATIONS, maxDigests)
  const capacity = Math.floor(maxDigests / GENERATIONS) || 1
  const slots = 2 ** Math.ceil(Math.log2(capacity / MOST_TAKEN))
  /** The youngest first. */
  const generations: Generation[] = []
  /** The one in which the last digest was found. */
  let recent: Generation | undefined
  const words = new Uint32Array(WORDS)
  const holds = ({ table }: Generation) => isAt(table, find(table, words), words)

  return {
    has(digest) {
      readWords(digest, words)
      if (recent && holds(recent)) return true
      const found = generations.find((generation) => generation !== recent && holds(generation))
      if (found) recent = found
      return found !== undefined
    },
    add(digest) {
      if (most === 0) return
      readWords(digest, words)
      let [youngest] = generations
      if (!youngest || youngest.size === capacity) {
        youngest = { table: new Uint32Array(slots * WORDS), size: 0 }
        generations.unshift(youngest)
        if (generations.length > most && generations.pop() === recent) recent = undefined
      }
      const { table } = youngest
      const at = find(table, words)
      if (isAt(table, at, words)) return
      table.set(words, at)
      youngest.size += 1
    },
  }
}

interface Generation {
  readonly table: Uint32Array
  size: number
}

function readWords(digest: Digest, words: Uint32Array): void {
  for (let word = 0, at = 0; word < WORDS; word += 1, at += BYTES_OF_WORD) {
    words[word] =
      digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)
  }
  // A slot whose first word is 0 is empty.
  words[0] ||= 1
}

/** The offset of a digest in the table, or of the empty slot for it. */
function find(table: Uint32Array, words: Uint32Array): number {
  const mask = table.length - 1
  let at = ((words[0] as number) * WORDS) & mask
  while (table[at] !== 0 && !isAt(table, at, words)) at = (at + WORDS) & mask
  return at
}

// Word by word, because making a view of eight words takes longer than the comparison.
function isAt(table: Uint32Array, at: number, words: Uint32Array): boolean {
  for (let word = 0; word < WORDS; word += 1) if (table[at + word] !== words[word]) return false
  return true
}
